/** Answers what Node's parser of HTTP/1 cannot read. */
import type { Duplex } from 'node:stream'
import { currentResponse } from './node-internal.ts'

/** The statuses of Node's own answers, by its error codes; 400 for the others. */
const STATUSES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/**
 * Refuses such bytes, and closes their connection. Node's own answer to bytes behind an unanswered request would
 * be taken for the answer to that request (RFC 9112 section 9.3.2), so there the connection is only closed.
 */
export function onClientError(error: NodeJS.ErrnoException, connection: Duplex): void {
  const response = currentResponse(connection)
  const isOfOther = response !== undefined && (response.headersSent || response.req.complete)
  if (connection.writable && !isOfOther) {
    const status = STATUSES[error.code ?? ''] ?? '400 Bad Request'
    connection.write(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  }
  connection.destroy(error)
}
