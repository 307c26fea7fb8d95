/** Writes replies to node:http responses: one writer per body kind. */
import { once } from 'node:events'
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { CancelReason } from '../../core/cancellation.ts'
import type { OpenFile, Outcome, Reply } from '../../core/reply.ts'
import type { Chunk } from '../../core/source.ts'
import { Pump, type Sink } from '../../stream/pump.ts'
import type { NodeIncoming } from './incoming.ts'

/** What can cut a reply short from outside: the server at shutdown. */
export interface Sending {
  /** Whether the body has no known length, so that nobody can wait for its end. */
  readonly endless: boolean
  cut(reason: CancelReason): void
}

/**
 * Sends a reply. Never throws: whatever goes wrong cuts the connection.
 *
 * @returns a handle on a body that takes its time, undefined when everything was handed over.
 */
export function send(response: ServerResponse, reply: Reply, incoming: NodeIncoming): Sending | undefined {
  const { body } = reply
  if (response.destroyed || response.writableEnded) {
    discard(reply)
    reply.onEnd?.({ outcome: 'disconnect', bytes: 0, items: 0 })
    return undefined
  }
  switch (body.kind) {
    case 'none':
      if (reply.status !== 204 && reply.status !== 304) reply.headers['content-length'] ??= '0'
      return sendWhole(response, reply, undefined, 0)
    case 'text': {
      const length = Buffer.byteLength(body.text)
      reply.headers['content-length'] = String(length)
      return sendWhole(response, reply, body.text, length)
    }
    case 'bytes':
      reply.headers['content-length'] = String(body.bytes.byteLength)
      return sendWhole(response, reply, body.bytes, body.bytes.byteLength)
    case 'stream':
      return sendStream(response, reply, incoming)
    case 'file':
      return sendFile(response, reply, body)
    case 'upgrade':
      response.destroy()
      return undefined
  }
}

function writeHead(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, reply.headers as OutgoingHttpHeaders)
}

/** What is never going to be sent still holds resources. */
function discard(reply: Reply): void {
  if (reply.body.kind === 'file') void reply.body.file.close().catch(() => {})
}

function sendWhole(
  response: ServerResponse,
  reply: Reply,
  body: Chunk | undefined,
  bytes: number,
): undefined {
  const { onEnd } = reply
  if (onEnd !== undefined) {
    let finished = false
    response.once('finish', () => {
      finished = true
      onEnd({ outcome: 'complete', bytes, items: 0 })
    })
    response.once('close', () => {
      if (!finished) onEnd({ outcome: 'disconnect', bytes: 0, items: 0 })
    })
  }
  writeHead(response, reply)
  if (body === undefined) response.end()
  else response.end(body)
}

class ResponseSink implements Sink {
  readonly macrotask = setImmediate as Sink['macrotask']
  readonly defer = process.nextTick as Sink['defer']
  readonly #response: ServerResponse
  readonly #lengthIsKnown: boolean
  bytes = 0

  constructor(response: ServerResponse, lengthIsKnown: boolean) {
    this.#response = response
    this.#lengthIsKnown = lengthIsKnown
  }

  write(chunk: Chunk): boolean {
    if (typeof chunk === 'string') {
      const encoded = Buffer.from(chunk)
      this.bytes += encoded.byteLength
      return this.#response.write(encoded)
    }
    this.bytes += chunk.byteLength
    return this.#response.write(chunk)
  }

  open(): void {
    this.#response.flushHeaders()
  }

  end(): void {
    this.#response.end()
  }

  abort(): void {
    cutConnection(this.#response, this.#lengthIsKnown)
  }
}

/**
 * Ends a reply so that the reader can tell it is not whole: what was written is still delivered,
 * and then the connection closes without the end of the body.
 */
function cutConnection(response: ServerResponse, lengthIsKnown: boolean): void {
  const { socket } = response
  if (socket === null || socket.destroyed) return
  // Where only the end of the connection marks the end of the body (HTTP/1.0), a clean close would be a lie.
  if (!lengthIsKnown && !response.chunkedEncoding && response.headersSent) socket.resetAndDestroy()
  else socket.destroySoon()
}

function sendStream(response: ServerResponse, reply: Reply, incoming: NodeIncoming): Sending {
  if (reply.body.kind !== 'stream') throw new TypeError('not a stream')
  const { source, length } = reply.body
  if (length !== undefined) reply.headers['content-length'] = String(length)
  const sink = new ResponseSink(response, length !== undefined)
  let cutFor: Outcome = 'disconnect'
  const pump = new Pump(source, sink, (ending) => {
    if (ending.outcome !== 'complete') incoming.cancellation.cancel(ending.outcome, ending.error)
    reply.onEnd?.(ending)
  })
  writeHead(response, reply)
  response.on('drain', pump.resume)
  response.once('finish', () => pump.close('complete', sink.bytes))
  response.once('close', () => pump.close(cutFor, sink.bytes))
  // A response's own error (a body longer than its content-length) closes it; the close is what counts.
  response.on('error', () => sink.abort())
  pump.start()
  return {
    endless: length === undefined,
    cut(reason) {
      cutFor = reason
      sink.abort()
      pump.close(reason, sink.bytes)
    },
  }
}

/** Reads start at this size and grow to what the reader takes. */
const FIRST_READ = 64 * 1024
const LARGEST_READ = 512 * 1024

type FileBody = Extract<Reply['body'], { kind: 'file' }>

function sendFile(response: ServerResponse, reply: Reply, body: FileBody): Sending {
  reply.headers['content-length'] = String(body.length)
  const state: FileSending = { response, file: body.file, cutFor: 'disconnect', sent: 0, finished: false }
  response.once('finish', () => {
    state.finished = true
  })
  response.on('error', () => {})
  writeHead(response, reply)
  void copyFile(state, body.start, body.length)
    .catch((error: unknown) => ({ outcome: 'error' as const, error }))
    .then(async (ending) => {
      if (ending.outcome !== 'complete') cutConnection(response, true)
      await body.file.close().catch(() => {})
      reply.onEnd?.({ bytes: state.sent, items: 0, ...ending })
    })
  return {
    endless: false,
    cut(reason) {
      state.cutFor = reason
      response.destroy()
    },
  }
}

interface FileSending {
  readonly response: ServerResponse
  readonly file: OpenFile
  cutFor: Outcome
  sent: number
  finished: boolean
}

interface FileEnding {
  readonly outcome: Outcome
  readonly error?: unknown
}

/**
 * Copies a part of a file with one read ahead: while a block waits for the reader, the next one is
 * read into the other buffer.
 */
async function copyFile(state: FileSending, start: number, length: number): Promise<FileEnding> {
  const { response, file } = state
  const closed = once(response, 'close').then(() => false as const)
  let size = FIRST_READ
  let position = start
  const end = start + length
  let reading = read(file, Buffer.allocUnsafeSlow(Math.min(size, end - position)), position)
  while (position < end) {
    const block = await reading
    if (block.byteLength === 0) throw new Error('The file became shorter while it was sent.')
    position += block.byteLength
    size = Math.min(size * 2, LARGEST_READ)
    if (position < end) reading = read(file, Buffer.allocUnsafeSlow(Math.min(size, end - position)), position)
    if (response.destroyed) break
    state.sent += block.byteLength
    const flowing = response.write(block)
    if (!flowing && !(await Promise.race([once(response, 'drain').then(() => true), closed]))) break
  }
  await reading.catch(() => {})
  if (response.destroyed) return { outcome: state.cutFor }
  response.end()
  if (!state.finished) await Promise.race([once(response, 'finish'), closed])
  return { outcome: state.finished ? 'complete' : state.cutFor }
}

async function read(file: OpenFile, target: Buffer, position: number): Promise<Buffer> {
  const count = await file.read(target, position)
  return count === target.byteLength ? target : target.subarray(0, count)
}
