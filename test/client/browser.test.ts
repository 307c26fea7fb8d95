/** EventSource and fetch in headless Chromium. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium, withoutChromium } from '../chromium.ts'
import { type ClientServer, gaps, startClientServer } from './server.ts'

describe.skipIf(withoutChromium)('Chromium', { timeout: 60_000 }, () => {
  let server: ClientServer
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    server = await startClientServer()
    browser = await launchChromium()
    page = await browser.newPage()
    await page.goto(server.url)
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  test('EventSource: onopen comes though no event has', async () => {
    const ms = await page.evaluate(
      () =>
        new Promise<number>((resolve, reject) => {
          const startedAt = performance.now()
          const source = new EventSource('/quiet')
          source.addEventListener('open', () => {
            source.close()
            resolve(performance.now() - startedAt)
          })
          source.addEventListener('error', () => reject(new Error('onerror')))
        }),
    )
    console.log(`onopen after ${Math.round(ms)} ms`)
    expect(ms).toBeLessThan(1500)
  })

  test('EventSource: events arrive one by one', async () => {
    const events = await page.evaluate(
      () =>
        new Promise<{ data: string; id: string; at: number }[]>((resolve) => {
          const source = new EventSource('/steps')
          const seen: { data: string; id: string; at: number }[] = []
          source.addEventListener('message', ({ data, lastEventId }) => {
            seen.push({ data: data as string, id: lastEventId, at: performance.now() })
            if (seen.length < 5) return
            source.close()
            resolve(seen)
          })
        }),
    )
    expect(events.map(({ data, id }) => [data, id])).toEqual(
      [0, 1, 2, 3, 4].map((n) => [`{"n":${n}}`, String(n)]),
    )
    for (let n = 1; n < 5; n++) expect(events[n]!.at - events[n - 1]!.at).toBeGreaterThan(100)
  })

  test('EventSource: comes back with its Last-Event-ID after maxAge; nothing lost, nothing repeated', async () => {
    const before = server.resumedFrom.length
    const { seen, opened } = await page.evaluate(
      () =>
        new Promise<{ seen: number[]; opened: number }>((resolve) => {
          const source = new EventSource('/resumable')
          const seen: number[] = []
          let opened = 0
          source.addEventListener('open', () => opened++)
          source.addEventListener('message', ({ data }) => {
            seen.push((JSON.parse(data as string) as { n: number }).n)
            if (opened < 3) return
            source.close()
            resolve({ seen, opened })
          })
        }),
    )
    expect(opened).toBe(3)
    expect(seen.length).toBeGreaterThan(30)
    expect(gaps(seen)).toEqual([])
    const resumed = server.resumedFrom.slice(before)
    expect(resumed).toHaveLength(3)
    expect(resumed[0]).toBe(undefined)
    expect(resumed.slice(1).every((id) => seen.includes(Number(id)))).toBe(true)
  })

  test('EventSource: an id beyond ASCII comes back as it was', async () => {
    const data = await page.evaluate(
      () =>
        new Promise<string>((resolve) => {
          const source = new EventSource('/lastid')
          source.addEventListener('came-back', (event) => {
            source.close()
            resolve((event as MessageEvent<string>).data)
          })
        }),
    )
    expect(JSON.parse(data)).toBe('Ünï→')
  })

  test('EventSource: a 204 keeps it away', async () => {
    const before = server.asked()
    const state = await page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const source = new EventSource('/once')
          source.addEventListener('error', () => {
            if (source.readyState === EventSource.CLOSED) resolve(source.readyState)
          })
        }),
    )
    expect(state).toBe(2)
    await page.waitForTimeout(300)
    expect(server.asked() - before).toBe(2)
  })

  test('fetch: a stream is read as it comes', async () => {
    const pieces = await page.evaluate(async () => {
      const response = await fetch('/steps', { headers: { accept: 'application/jsonl' } })
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
      const found: { text: string; at: number }[] = []
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return found
        found.push({ text: value, at: performance.now() })
      }
    })
    expect(pieces.map(({ text }) => text)).toEqual([0, 1, 2, 3, 4].map((n) => `{"n":${n}}\n`))
    expect(pieces[4]!.at - pieces[0]!.at).toBeGreaterThan(800)
  })

  test('fetch: a stream that fails rejects, after what came before', async () => {
    const result = await page.evaluate(async () => {
      const response = await fetch('/broken-text')
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
      let text = ''
      try {
        for (;;) {
          const { done, value } = await reader.read()
          if (done) return { status: response.status, text, end: 'clean' }
          text += value
        }
      } catch (error) {
        return { status: response.status, text, end: (error as Error).name }
      }
    })
    expect(result).toEqual({ status: 200, text: 'begins', end: 'TypeError' })
  })
})
