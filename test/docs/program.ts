/** Runs a program of the documentation as it stands there. */
import { join } from 'node:path'
import { App } from 'millrace'
import { vi } from 'vitest'
import { WebSocket } from 'ws'

export const SNIPPETS = join(import.meta.dirname, '../../docs/snippets')

/** A program that has been imported and, if it has an app, is being served on a free port. */
export interface Program {
  /** What it exports. */
  readonly exports: Readonly<Record<string, unknown>>
  readonly app: App
  /** For example `http://127.0.0.1:40123`. */
  readonly url: string
  /** What it wrote with console.log. */
  readonly output: readonly string[]
  /** What it wrote to the log: one JSON line each. */
  readonly log: readonly string[]
}

/** Checks that a program does what the text around it says. */
export type Claim = (program: Program) => unknown

/** Claims by the name of the file, for one folder of `docs/snippets`. */
export type Claims = Readonly<Record<string, Claim>>

/**
 * Imports a program, calls `claim`, and closes what was opened. The port a program asks for is
 * replaced by a free one, so that programs can be printed as they would be written.
 */
export async function runProgram(file: string, claim: Claim): Promise<void> {
  const opened: { app: App; url: string }[] = []
  const output: string[] = []
  const log: string[] = []
  const listen = App.prototype.listen
  const spies = [
    vi.spyOn(console, 'log').mockImplementation((...args: unknown[]) => void output.push(args.join(' '))),
    vi.spyOn(console, 'error').mockImplementation((...args: unknown[]) => void log.push(args.join(' '))),
    vi.spyOn(App.prototype, 'listen').mockImplementation(async function (this: App, options) {
      const listening = await listen.call(this, { ...options, port: 0 })
      opened.push({ app: this, url: listening.url })
      return listening
    }),
  ]
  try {
    const exports = (await import(/* @vite-ignore */ join(SNIPPETS, file))) as Record<string, unknown>
    const { app } = exports
    if (opened.length === 0 && app instanceof App) await app.listen()
    const program = { exports, output, log, ...opened.at(-1) } as Program
    await claim(program)
  } finally {
    for (const spy of spies) spy.mockRestore()
    await Promise.all(opened.map(({ app }) => app.close({ grace: 0 })))
  }
}

/** A reply's body, piece by piece as it arrives. */
export async function openStream(
  url: string,
  headers: Record<string, string> = {},
): Promise<{ response: Response; next(): Promise<string | undefined>; leave(): Promise<void> }> {
  const response = await fetch(url, { headers })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  return {
    response,
    next: async () => (await reader.read()).value,
    leave: () => reader.cancel(),
  }
}

/** A WebSocket client that keeps what it hears. */
export interface Peer {
  readonly heard: readonly string[]
  send(message: string): void
  close(code?: number): void
  /** Settles with the close code and reason. */
  readonly closed: Promise<readonly [code: number, reason: string]>
}

/** Connects to a WebSocket route. Rejects when the upgrade is refused. */
export async function openSocket(url: string, headers: Record<string, string> = {}): Promise<Peer> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers })
  const heard: string[] = []
  socket.on('message', (data: Buffer) => void heard.push(data.toString()))
  const closed = new Promise<readonly [number, string]>((resolve) => {
    socket.on('close', (code, reason) => resolve([code, reason.toString()]))
  })
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return { heard, closed, send: (message) => socket.send(message), close: (code) => socket.close(code) }
}

/** A JSON request with a body. */
export function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}
