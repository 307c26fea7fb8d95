/**
 * What every transport must do, as one list of behaviours that runs over each of them. A transport
 * that cannot do something says so with a reason, which is printed.
 */
import { App, type AppOptions, type Logger } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
import type { Connect, Link, LinkReply } from './link.ts'

export interface LogEntry {
  readonly level: string
  readonly fields: Record<string, unknown>
  readonly message: string
}

/** What a behaviour has to work with. */
export interface Scene {
  /** Makes an app that logs into `log`. */
  create(options?: AppOptions<{}>): App
  /** Connects to it; closed after the test. */
  open(app: App): Promise<Link>
  readonly log: LogEntry[]
}

export interface Behaviour {
  readonly name: string
  run(scene: Scene): Promise<void>
}

export interface Skip {
  readonly names: readonly string[]
  readonly reason: string
}

export function behaviour(name: string, run: (scene: Scene) => Promise<void>): Behaviour {
  return { name, run }
}

/** Runs the behaviours over a transport. */
export function transportContract(
  name: string,
  behaviours: readonly Behaviour[],
  connect: Connect,
  skips: readonly Skip[] = [],
): void {
  describe(name, () => {
    const names = new Set(behaviours.map((each) => each.name))
    const cleanups: (() => Promise<void>)[] = []
    afterEach(async () => {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
    })
    test('names are unique', () => {
      expect(behaviours).toHaveLength(names.size)
    })
    for (const each of behaviours) {
      test(each.name, async (context) => {
        const skip = skips.find((candidate) => candidate.names.includes(each.name))
        if (skip !== undefined) return context.skip(skip.reason)
        await each.run(scene(connect, cleanups))
      })
    }
  })
}

export function scene(connect: Connect, cleanups: (() => Promise<void>)[]): Scene {
  const log: LogEntry[] = []
  return {
    log,
    create: (options = {}) => new App({ log: recorder(log), unwindMs: 2000, ...options }),
    async open(app) {
      const link = await connect(app)
      cleanups.push(() => link.close())
      return link
    },
  }
}

/** A logger that keeps everything. */
export function recorder(log: LogEntry[]): Logger {
  const at = (level: string) => (fields: object, message: string) =>
    void log.push({ level, fields: fields as Record<string, unknown>, message })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** Waits for something to become true. The machine is small and shared, so the limit is generous. */
export async function until(holds: () => boolean, what: string, ms = 3000): Promise<void> {
  const deadline = performance.now() + ms
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`Not within ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** The promise, but no longer than `ms`: a test that hangs says nothing. */
export async function within<T>(promise: Promise<T>, what: string, ms = 5000): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Not within ${ms} ms: ${what}`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

export const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/**
 * The truthful-endings assertion: the body is cut, and `before` is what came before the cut. Fails
 * for a body that ends cleanly, and for one that never ends.
 */
export async function expectCut(reply: LinkReply, before: string): Promise<void> {
  let seen = ''
  const read = async () => {
    for (let piece = await reply.next(); piece !== undefined; piece = await reply.next()) seen += piece
  }
  const error = await within(
    read().then(
      () => undefined,
      (thrown: unknown) => thrown ?? new Error('cut'),
    ),
    'the body ends',
  )
  expect(error, `the body ended cleanly after ${JSON.stringify(seen)}`).toBeInstanceOf(Error)
  expect(seen).toBe(before)
}

/** A problem document of a status. */
export async function expectProblem(
  reply: LinkReply,
  status: number,
  code?: string,
): Promise<Record<string, unknown>> {
  const text = await within(reply.text(), 'the problem document')
  expect(reply.status, text).toBe(status)
  expect(reply.headers['content-type']).toBe('application/problem+json')
  const problem = JSON.parse(text) as Record<string, unknown>
  expect(problem['status']).toBe(status)
  if (code !== undefined) expect(problem['code']).toBe(code)
  return problem
}
