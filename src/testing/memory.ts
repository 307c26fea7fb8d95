/** A connection in memory: no sockets, no ports, the real pipeline and the real pump. */
import type { Application } from '../core/app.ts'
import { Cancellation } from '../core/lifetime/cancellation.ts'
import { problemReply } from '../core/dispatch.ts'
import { hostProblem, type Incoming } from '../core/incoming.ts'
import type { LiveRequest } from '../core/lifetime/live.ts'
import type { Reply } from '../core/reply/reply.ts'
import { fileSource } from '../stream/file-source.ts'
import { PulledBody } from '../stream/pulled.ts'
import { withTargetHost } from '../wire/host.ts'
import type { TestEnding, TestReply, TestRequest, Wire } from './reply.ts'

/** Sends a request, and gives what comes back once its head is there. Leaves when `signal` is aborted. */
export type Send = (
  method: string,
  target: string,
  request: TestRequest,
  signal: AbortSignal,
) => Promise<Wire>

/** @param onIncoming told of every request that the app gets this way. */
export function memorySender(app: Application, onIncoming: (incoming: Incoming) => void): Send {
  return (method, target, request, signal) => {
    const incoming = new MemoryIncoming(method, target, request)
    onIncoming(incoming)
    const { live } = app.engine
    const followed = live.open(incoming.cancellation)
    const problem = hostProblem(incoming.headers['host'])
    const answer = problem === undefined ? app.handle(incoming) : problemReply(problem)
    const replied = followed.reply(answer).then((reply) => {
      if (reply === undefined) throw new Error('The app was closed before there was a reply.')
      const wire = new MemoryWire(reply, incoming, followed)
      if (live.closing) followed.dismiss()
      return wire
    })
    return new Promise((resolve, reject) => {
      const leave = () => {
        incoming.cancellation.cancel('disconnect')
        // A route that finishes its work has not been cancelled by that.
        void replied.then((wire) => wire.leave()).catch(() => {})
        reject(signal.reason)
      }
      if (signal.aborted) return leave()
      signal.addEventListener('abort', leave, { once: true })
      void replied.then(resolve, reject)
    })
  }
}

class MemoryIncoming implements Incoming {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: AsyncIterable<Uint8Array> | null
  readonly cancellation = new Cancellation()
  readonly protocol = 'memory'
  readonly peer = { address: '127.0.0.1', port: undefined, encrypted: false }

  constructor(method: string, target: string, { headers = {}, body }: TestRequest) {
    this.method = method
    this.target = target
    const lower: Record<string, string> = { host: 'memory' }
    for (const [name, value] of Object.entries(headers)) lower[name.toLowerCase()] = value
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
    if (bytes instanceof Uint8Array) lower['content-length'] ??= String(bytes.byteLength)
    this.headers = withTargetHost(lower, target)
    this.body = bytes instanceof Uint8Array ? once(bytes) : (bytes ?? null)
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.byteLength > 0) yield bytes
}

type Body = Reply['body']
type OnEnd = (ending: TestEnding & { readonly items: number }) => void
type Pulled = Pick<PulledBody, 'next' | 'cut' | 'breakNextWrite'>

class MemoryWire implements Wire {
  readonly status: number
  readonly headers: TestReply['headers']
  readonly ended: Promise<TestEnding>
  readonly #body: Pulled
  readonly #cancellation: Cancellation

  constructor(reply: Reply, { cancellation }: Incoming, followed: LiveRequest) {
    this.status = reply.status
    const { body } = reply
    const length = lengthOf(body)
    this.headers =
      length === undefined ? reply.headers : { ...reply.headers, 'content-length': String(length) }
    let onEnd: OnEnd = () => {}
    this.ended = new Promise((resolve) => {
      onEnd = (ending) => {
        reply.onEnd?.(ending)
        followed.end()
        resolve(ending)
      }
    })
    this.#cancellation = cancellation
    if (body.kind !== 'stream' && body.kind !== 'file') {
      this.#body = new WholeBody(bytesOf(body), onEnd, cancellation.error !== undefined)
      return
    }
    const isFile = body.kind === 'file'
    const pulled = new PulledBody(
      isFile ? fileSource(body) : body.source,
      (ending) => onEnd(isFile ? { ...ending, items: 0 } : ending),
      { length, timing: reply.timing },
    )
    this.#body = pulled
    followed.carry(pulled)
  }

  async next(): Promise<Uint8Array | undefined> {
    const result = await this.#body.next()
    return result.done === true ? undefined : result.value
  }

  leave(): void {
    this.#cancellation.cancel('disconnect')
    this.#body.cut('disconnect')
  }

  break(): void {
    this.#body.breakNextWrite(new Error('The connection broke while the server wrote to it.'))
  }
}

/** A body that a network would take as a whole: its end does not wait for its reader. */
class WholeBody implements Pulled {
  #rest: Uint8Array | undefined
  #cutBy: { readonly error: unknown } | undefined

  constructor(bytes: Uint8Array, onEnd: OnEnd, isGone: boolean) {
    if (bytes.byteLength > 0) this.#rest = bytes
    const ending = isGone
      ? ({ outcome: 'disconnect', bytes: 0, items: 0 } as const)
      : ({ outcome: 'complete', bytes: bytes.byteLength, items: 0 } as const)
    void Promise.resolve().then(() => onEnd(ending))
  }

  async next(): Promise<IteratorResult<Uint8Array, void>> {
    if (this.#cutBy !== undefined) throw this.#cutBy.error
    const value = this.#rest
    this.#rest = undefined
    return value === undefined ? { done: true, value } : { done: false, value }
  }

  cut(reason: string, error: unknown = new Error(`The reply was cut: ${reason}.`)): void {
    this.#cutBy ??= { error }
  }

  breakNextWrite(error: unknown): void {
    this.cut('disconnect', error)
  }
}

function bytesOf(body: Body): Uint8Array {
  if (body.kind === 'text') return new TextEncoder().encode(body.text)
  return body.kind === 'bytes' ? body.bytes : new Uint8Array()
}

function lengthOf(body: Body): number | undefined {
  if (body.kind === 'text' || body.kind === 'bytes') return bytesOf(body).byteLength
  return body.kind === 'stream' || body.kind === 'file' ? body.length : undefined
}
