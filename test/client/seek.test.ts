/**
 * Chromium seeks in a large video: it asks for the parts it needs. The clip has a bar at the bottom that
 * grows with the time, so that the picture itself tells where it is.
 */
import { join } from 'node:path'
import { App, type FileOptions, memoryFile, reply } from 'millrace'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { launchChromium, withoutChromium } from '../chromium.ts'
import { until } from '../contract/transport.ts'
import { padClip } from './padded-clip.ts'

const CLIP = join(import.meta.dirname, '../../examples/showcase/media/clip.webm')
const LENGTH = 60
const PADDING = 2_000_000

interface Seen {
  readonly range: string | undefined
  readonly status: number
  bytes: number
}

describe.skipIf(withoutChromium)('Chromium', { timeout: 90_000 }, () => {
  let browser: Browser
  let page: Page
  let url: string
  const clip = memoryFile('clip.webm', padClip(CLIP, PADDING))
  const seen: Seen[] = []
  const app = new App({
    middleware: [
      async ({ headers, path, after }, next) => {
        const answer = await next()
        if (path === '/') return answer
        const entry: Seen = { range: headers['range'] as string | undefined, status: answer.status, bytes: 0 }
        seen.push(entry)
        after(({ bytes }) => void (entry.bytes = bytes))
        return answer
      },
    ],
  })
  const serve = (path: string, options: FileOptions) => app.get(path, () => reply.file(clip, options))
  serve('/parts', { cache: 'no-store' })
  serve('/whole', { cache: 'no-store', ranges: false })
  app.get('/', () => reply.html('<title>seek</title>'))

  beforeAll(async () => {
    url = (await app.listen({ port: 0 })).url
    browser = await launchChromium()
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await app.close({ grace: 0 })
  })
  // A page of its own: Chromium keeps what it has of a video for the next element that shows it.
  beforeEach(async () => {
    page = await browser.newPage()
    await page.goto(url)
    seen.length = 0
  })
  afterEach(() => page.close())

  /** Goes to each of the times, and reads the bar in the picture that is there then, from 0 to 1. */
  const seek = (path: string, times: readonly number[], patience: number) =>
    page.evaluate(
      async ([src, to, ms]) => {
        const video = document.createElement('video')
        video.muted = true
        video.src = src
        const wait = (name: string) =>
          new Promise<boolean>((resolve) => {
            video.addEventListener(name, () => resolve(true), { once: true })
            setTimeout(() => resolve(false), ms)
          })
        await wait('loadeddata')
        const bars: (number | undefined)[] = []
        for (const time of to) {
          const arrived = wait('seeked')
          video.currentTime = time
          if (!(await arrived)) {
            bars.push(undefined)
            continue
          }
          const canvas = document.createElement('canvas')
          canvas.width = video.videoWidth
          canvas.height = video.videoHeight
          const context = canvas.getContext('2d')!
          context.drawImage(video, 0, 0)
          const { data } = context.getImageData(0, canvas.height - 6, canvas.width, 1)
          let bright = 0
          for (let at = 0; at < data.length; at += 4) if (data[at]! > 128) bright++
          bars.push(bright / canvas.width)
        }
        const seekable = video.seekable.length === 0 ? 0 : video.seekable.end(0)
        video.removeAttribute('src')
        video.load()
        return { bars, seekable }
      },
      [path, times, patience] as const,
    )

  test('seeks to where it is sent, back and forth, by asking for parts', async () => {
    const { bars, seekable } = await seek('/parts', [50, 10, 35], 20_000)
    expect(seekable).toBeCloseTo(LENGTH, 0)
    for (const [at, time] of [50, 10, 35].entries())
      expect(bars[at], `at ${time} s`).toBeCloseTo(time / LENGTH, 1)
    expect(seen.every(({ status }) => status === 206)).toBe(true)
    // Where the clusters of these times lie, of 60 MB.
    const { size } = (await clip.open())!
    const starts = seen.map(({ range }) => Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1]))
    expect(starts[0]).toBe(0)
    for (const time of [50, 10, 35]) {
      const place = (time / LENGTH) * size
      expect(
        starts.some((start) => Math.abs(start - place) < 3 * PADDING),
        `at ${time} s`,
      ).toBe(true)
    }
    await until(() => seen.every(({ bytes }) => bytes > 0), 'every reply has ended')
    // How far Chromium reads ahead is its own affair; but it left what it had begun, and the server saw it.
    expect(seen[0]!.bytes).toBeLessThan(size)
  })

  test('cannot, where a server has no parts', async () => {
    const { bars, seekable } = await seek('/whole', [50], 3000)
    expect([bars[0] ?? 0, seekable]).toEqual([0, 0])
    expect(seen.map(({ status }) => status)).not.toContain(206)
  })
})
