/** `app.close()` reaches the requests that no server of ours follows: `app.fetch` and the in-memory link. */
import { App, dependency, jsonl, reply, sse, text } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { fetchLink, type Link, memoryLink } from '../contract/link.ts'
import { type LogEntry, recorder, until, wait, within } from '../contract/transport.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** All that comes, and whether it was cut. */
async function read(link: Link, path: string): Promise<{ status: number; text: string; cut: boolean }> {
  const got = await link.request('GET', path)
  let seen = ''
  try {
    for (let piece = await got.next(); piece !== undefined; piece = await got.next()) seen += piece
    return { status: got.status, text: seen, cut: false }
  } catch {
    return { status: got.status, text: seen, cut: true }
  }
}

describe.each([
  ['fetch', fetchLink],
  ['memory', memoryLink],
])('%s', (_, connect) => {
  test('streams are told at once, finite replies finish, the rest is cut, and then the app is torn down', async () => {
    const log: LogEntry[] = []
    const events: string[] = []
    const pool = dependency({ scope: 'app' }, async function* () {
      yield 'pool'
      events.push('pool released')
    })
    const app = new App({ log: recorder(log), unwindMs: 300 })
    cleanups.push(() => app.close({ grace: 0 }))
    let begun = 0
    const endless = async function* ({
      sleep,
      signal,
    }: {
      sleep(ms: number): Promise<void>
      signal: AbortSignal
    }) {
      signal.addEventListener('abort', () => events.push((signal.reason as { reason: string }).reason))
      try {
        begun++
        yield 1
        await sleep(60_000)
      } finally {
        await wait(20)
        events.push('finally')
      }
    }
    const use = { pool }
    app.get('/sse', { use, streams: sse(z.number()) }, endless)
    app.get('/lines', { use, streams: jsonl(z.number()) }, endless)
    app.get('/waiting', { use, streams: text }, async function* ({ sleep }) {
      begun++
      await sleep(60_000)
      yield 'never'
    })
    app.get('/finite', { use }, async ({ after }) => {
      after(({ outcome }) => events.push(`finite ${outcome}`))
      begun++
      await wait(300)
      return reply.text('finite')
    })
    app.get('/hang', { use }, async () => {
      begun++
      await new Promise(() => {})
    })
    const link = await connect(app)
    const replies = ['/sse', '/lines', '/waiting', '/finite'].map((path) => read(link, path))
    const hanging = link.request('GET', '/hang').catch(() => {})
    await until(() => begun === 5, 'all are at work')
    await wait(50)
    const startedAt = performance.now()
    const closing = app.close({ grace: 800 })
    expect(app.ready).toBe(false)
    const [events1, lines, waiting] = await within(Promise.all(replies.slice(0, 3)), 'the streams end', 700)
    expect(events1).toMatchObject({ status: 200, cut: false })
    expect(events1!.text).toMatch(/^data: 1\n\nretry: \d{4}\n\n$/)
    expect(lines).toMatchObject({ status: 200, cut: true })
    expect(lines!.text).toMatch(/^1\n\{"\$error":\{.*"code":"UNAVAILABLE".*\}\}\n$/)
    expect(waiting).toMatchObject({ status: 503, cut: false })
    expect(await replies[3]).toEqual({ status: 200, text: 'finite', cut: false })
    await within(closing, 'the close', 4000)
    expect(performance.now() - startedAt).toBeGreaterThan(790)
    expect(events.toSorted()).toEqual([
      'finally',
      'finally',
      'finite complete',
      'pool released',
      'shutdown',
      'shutdown',
    ])
    expect(events.at(-1)).toBe('pool released')
    await hanging
  })

  test('one that begins while the app closes is told too', async () => {
    const app = new App()
    cleanups.push(() => app.close({ grace: 0 }))
    let begun = false
    app.get('/slow', { streams: sse(z.number()) }, async ({ sleep }) => {
      begun = true
      await wait(200)
      return (async function* () {
        yield 1
        await sleep(60_000)
      })()
    })
    const link = await connect(app)
    const got = read(link, '/slow')
    await until(() => begun, 'it is at work')
    const closing = app.close({ grace: 5000 })
    expect(await within(got, 'the end', 2000)).toMatchObject({ cut: false })
    await within(closing, 'the close', 2000)
  })

  test('an app that was closed serves again', async () => {
    const app = new App()
    app.get('/', { streams: text }, function* () {
      yield 'again'
    })
    await app.close()
    expect(await read(await connect(app), '/')).toMatchObject({ text: 'again', cut: false })
    await app.close()
  })
})
