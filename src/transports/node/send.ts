/** Writes replies to node:http responses: one writer per body kind. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { CancelReason } from '../../core/cancellation.ts'
import type { Outcome, Reply } from '../../core/reply.ts'
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
      // A HEAD has the length that its GET would have, or none; an empty 200 has a length of 0.
      if (incoming.method !== 'HEAD' && reply.status !== 204 && reply.status !== 304) {
        reply.headers['content-length'] ??= '0'
      }
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
    // A string stays one on its way to the socket: Node encodes it there, without a buffer of its own.
    this.bytes += typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.byteLength
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
  const pump = new Pump(
    source,
    sink,
    (ending) => {
      if (ending.outcome !== 'complete') incoming.cancellation.cancel(ending.outcome, ending.error)
      reply.onEnd?.(ending)
    },
    length,
  )
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

/** Reads start at this size and grow while the reader keeps up. */
const FIRST_READ = 64 * 1024
const LARGEST_READ = 1024 * 1024

type FileBody = Extract<Reply['body'], { kind: 'file' }>

function sendFile(response: ServerResponse, reply: Reply, body: FileBody): Sending {
  reply.headers['content-length'] = String(body.length)
  const copy = new FileCopy(response, body)
  writeHead(response, reply)
  void copy.run().then(async (ending) => {
    if (ending.outcome !== 'complete') cutConnection(response, true)
    await body.file.close().catch(() => {})
    reply.onEnd?.({ bytes: copy.sent, items: 0, ...ending })
  })
  return {
    endless: false,
    cut(reason) {
      copy.cutFor = reason
      response.destroy()
    },
  }
}

interface FileEnding {
  readonly outcome: Outcome
  readonly error?: unknown
}

/**
 * Copies a part of a file in two buffers that take turns: while one is written, the next block is
 * read into the other. Nothing is allocated per block, and a slow reader holds two blocks.
 */
class FileCopy {
  cutFor: Outcome = 'disconnect'
  sent = 0
  readonly #response: ServerResponse
  readonly #body: FileBody
  #position: number
  #size = FIRST_READ
  #wake: ((open: boolean) => void) | undefined
  #closed = false

  constructor(response: ServerResponse, body: FileBody) {
    this.#response = response
    this.#body = body
    this.#position = body.start
    response.on('error', () => {})
    response.once('close', () => {
      this.#closed = true
      this.#wake?.(false)
    })
  }

  async run(): Promise<FileEnding> {
    try {
      await this.#copy()
      if (!this.#closed) await this.#until((done) => this.#response.end(done))
      return { outcome: this.#response.writableFinished ? 'complete' : this.cutFor }
    } catch (error) {
      return { outcome: 'error', error }
    }
  }

  async #copy(): Promise<void> {
    const end = this.#body.start + this.#body.length
    let block = await this.#read(undefined, end)
    let spare: Buffer | undefined
    while (block.byteLength > 0 && !this.#closed) {
      const writing = this.#until((done) => this.#response.write(block, done))
      const reading = this.#read(spare, end)
      // Both must have settled before a buffer changes hands; a failed read counts after the write.
      const [open, next] = await Promise.all([writing, reading.catch((error: unknown) => ({ error }))])
      if (!open) return
      this.sent += block.byteLength
      if ('error' in next) throw next.error
      spare = block
      block = next
    }
  }

  /** Reads the next block; an empty one means that all has been read. */
  async #read(spare: Buffer | undefined, end: number): Promise<Buffer> {
    const size = Math.min(this.#size, end - this.#position)
    if (size === 0) return EMPTY
    this.#size = Math.min(this.#size * 2, LARGEST_READ)
    const whole = spare === undefined ? undefined : Buffer.from(spare.buffer)
    const target =
      whole !== undefined && whole.byteLength >= size ? whole.subarray(0, size) : Buffer.allocUnsafeSlow(size)
    const count = await this.#body.file.read(target, this.#position)
    if (count === 0) throw new Error('The file became shorter while it was sent.')
    this.#position += count
    return target.subarray(0, count)
  }

  /** Waits for a callback of the response, or for its close. */
  #until(start: (done: () => void) => unknown): Promise<boolean> {
    return new Promise((resolve) => {
      this.#wake = resolve
      start(() => resolve(!this.#closed))
    })
  }
}

const EMPTY = Buffer.alloc(0)
