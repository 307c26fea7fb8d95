import type { Server } from 'node:http'
import type { Http2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { callback, once } from './callback.ts'

/**
 * Binds a server to an address.
 *
 * @returns the port; a free one was taken for 0.
 * @throws {Error} Node's own, with what to do next.
 */
export async function bind(server: Server | Http2Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    once(server, 'error', (error: Error) => reject(explain(error, port, host)))
    server.listen({ port, host }, callback(resolve))
  })
  return (server.address() as AddressInfo).port
}

function explain(error: NodeJS.ErrnoException, port: number, host: string): Error {
  if (error.code === 'EADDRINUSE')
    error.message = `Port ${port} of ${host} is taken (EADDRINUSE). Stop what listens there, or take another: listen({ port: 0 }) finds a free one.`
  return error
}
