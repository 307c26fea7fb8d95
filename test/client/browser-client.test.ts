/** Our client as a browser runs it: bundled, with the browser's own fetch, XMLHttpRequest and WebSocket. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { reply } from 'millrace'
import { type Browser, chromium, type Page } from 'playwright-core'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../contract/transport.ts'
import { makeApp, ROWS, type Routes } from './app.ts'

const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'
const installed = existsSync(CHROMIUM)
if (!installed && !process.env['CI'])
  console.log(`skipped: our client in a browser, because there is no ${CHROMIUM} (set CHROMIUM_PATH)`)

type ClientModule = typeof import('millrace/client')

describe.skipIf(!installed && !process.env['CI'])('our client in Chromium', { timeout: 60_000 }, () => {
  const { app, seen } = makeApp()
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    const entry = join(import.meta.dirname, '../../dist/client/index.js')
    const { output } = await (
      await rolldown({ input: entry, platform: 'browser' })
    ).generate({ minify: true })
    const files = new Map(output.map((each) => [each.fileName, each.type === 'chunk' ? each.code : '']))
    app.get('/', () => reply.html('<!doctype html><title>client</title>'))
    app.get('/bundle/:file', ({ params }) =>
      reply.text(files.get(params.file) ?? '', { headers: { 'content-type': 'text/javascript' } }),
    )
    const { url } = await app.listen({ port: 0, signals: false })
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-sync'],
    })
    page = await browser.newPage()
    await page.goto(url)
    // What follows is run in the page, where `api` is the client.
    await page.addScriptTag({
      type: 'module',
      content: `import * as client from '/bundle/index.js'; window.client = client; window.api = client.createClient(location.origin)`,
    })
    await page.waitForFunction('window.api !== undefined')
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await app.close({ grace: 0 })
  })

  /** The client, inside the page. */
  interface InPage {
    readonly api: import('millrace/client').Client<Routes>
    readonly client: ClientModule
  }

  test.each(['/jsonl', '/sse', '/json-seq', '/json-array'] as const)('items of %s', async (path) => {
    const rows = await page.evaluate(async (at) => {
      const all: unknown[] = []
      for await (const row of (window as unknown as InPage).api.get(at)) all.push(row)
      return all
    }, path)
    expect(rows).toEqual(ROWS)
  })

  test('a stream that is cut is truncated, one that is left is closed', async () => {
    const result = await page.evaluate(async () => {
      const { api, client } = window as unknown as InPage
      let left = 0
      for await (const { id } of api.get('/endless', { accept: 'application/jsonl' }))
        if ((left = id) === 3) break
      const error: unknown = await api.get('/fails/text').catch((thrown: unknown) => thrown)
      return [left, error instanceof client.StreamTruncated]
    })
    expect(result).toEqual([3, true])
    await until(() => seen.finished > 0, 'the handler is told')
  })

  test('an upload tells its progress', async () => {
    const { size, steps, total } = await page.evaluate(async () => {
      const { api } = window as unknown as InPage
      const steps: number[] = []
      let total: number | undefined
      const { size } = await api.post('/echo/bytes', {
        body: new Blob([new Uint8Array(8_000_000)]),
        onUploadProgress: (progress) => {
          steps.push(progress.sent)
          total = progress.total
        },
      })
      return { size, steps, total }
    })
    expect(size).toBe(8_000_000)
    expect(total).toBe(8_000_000)
    expect(steps.at(-1)).toBe(8_000_000)
    expect(steps.toSorted((a, b) => a - b)).toEqual(steps)
  })

  test("a WebSocket, by the browser's own class", async () => {
    const lines = await page.evaluate(async () => {
      const socket = await (window as unknown as InPage).api.websocket('/chat')
      socket.send('hello')
      const seen: string[] = []
      for await (const line of socket) {
        seen.push(line)
        break
      }
      return seen
    })
    expect(lines).toEqual(['you said hello'])
  })
})

test('an upload tells its progress on Node, too', async () => {
  const { app } = makeApp()
  const { url } = await app.listen({ port: 0, signals: false })
  const { createClient } = await import('millrace/client')
  const api = createClient<Routes>(url)
  const steps: number[] = []
  const body = new Blob([new Uint8Array(1_000_000)])
  const onUploadProgress = ({ sent, total }: { sent: number; total: number | undefined }) => {
    expect(total).toBe(1_000_000)
    steps.push(sent)
  }
  expect(await api.post('/echo/bytes', { body, onUploadProgress })).toEqual({ size: 1_000_000 })
  expect(steps.length).toBeGreaterThan(1)
  expect(steps.at(-1)).toBe(1_000_000)
  const form = { file: new Blob(['content']), name: 'x' }
  expect((await api.post('/echo/any', { body: form })).type).toContain('multipart/form-data')
  await app.close({ grace: 0 })
})
