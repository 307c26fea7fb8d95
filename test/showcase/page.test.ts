import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium, LOOKS, PHONE, visit as visitPage, withoutChromium } from '../chromium.ts'
import { type RunningShowcase, startShowcase } from './showcase.ts'

describe.skipIf(withoutChromium)('the page in Chromium', { timeout: 60_000 }, () => {
  let showcase: RunningShowcase
  let browser: Browser

  beforeAll(async () => {
    showcase = await startShowcase(8)
    browser = await launchChromium()
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await showcase?.stop()
  })

  const visit = (options: BrowserContextOptions, use: (page: Page) => Promise<void>) =>
    visitPage(browser, showcase.url, options, use)

  /** Waits until the element's text is `text`. */
  const settle = (page: Page, selector: string, text: string) =>
    page.waitForFunction(
      ([where, what]) => document.querySelector(where!)?.textContent === what,
      [selector, text],
    )

  test('frames arrive one at a time', () =>
    visit({}, async (page) => {
      await page.click('#video button') // stops the ones that started with the page
      await settle(page, '#video .state', 'stopped')
      await page.fill('#video [name=frames]', '5')
      await page.fill('#video [name=interval]', '400')
      await page.evaluate(() => {
        const shown: string[] = ((window as unknown as { shown: string[] }).shown = [])
        const watch = new MutationObserver(() => {
          const text = (name: string) => document.querySelector(`#video ${name}`)!.textContent
          shown.push(`${text('[data-figure=count]')} ${text('.state')}`)
        })
        watch.observe(document.querySelector('#video [data-figure=count]')!, { childList: true })
      })
      await page.click('#video button')
      await settle(page, '#video .state', 'complete')

      const shown = await page.evaluate(() => (window as unknown as { shown: string[] }).shown)
      expect(shown).toEqual(
        expect.arrayContaining(['1 streaming', '2 streaming', '3 streaming', '4 streaming']),
      )
      const times = await page.$$eval('#video .film li[data-at]', (cells) =>
        cells.map((cell) => Number((cell as HTMLElement).dataset['at'])),
      )
      expect(times).toHaveLength(5)
      for (let i = 1; i < times.length; i++) expect(times[i]! - times[i - 1]!).toBeGreaterThan(150)
    }))

  test('frames without an interval do not choke the page', () =>
    visit({}, async (page) => {
      await page.click('#video button')
      await settle(page, '#video .state', 'stopped')
      await page.fill('#video [name=frames]', '300000')
      await page.fill('#video [name=interval]', '0')
      await page.click('#video button')
      await settle(page, '#video [data-figure=count]', '300,000')
      await settle(page, '#video .state', 'complete')
    }))

  test('both downloads reach 100 %', () =>
    visit({}, async (page) => {
      for (const source of ['file', 'generator']) {
        const form = `#download [data-source=${source}]`
        await page.click(`${form} button`)
        await settle(page, `${form} .state`, 'complete')
        await settle(page, `${form} [data-figure=percent]`, '100 %')
        expect(await page.textContent(`${form} [data-figure=size]`)).toBe('8.0 MiB')
        expect(await page.textContent(`${form} [data-figure=rate]`)).toMatch(/^\d+ MiB\/s$/)
      }
    }))

  test('the clip seeks, and its picture is the one of that time', () =>
    visit({}, async (page) => {
      await settle(page, '#parts .clip [data-figure=length]', '1:00')
      const bar = () =>
        page.evaluate(() => {
          const video = document.querySelector('video')!
          const canvas = document.createElement('canvas')
          canvas.width = video.videoWidth
          canvas.height = video.videoHeight
          const context = canvas.getContext('2d')!
          context.drawImage(video, 0, 0)
          const { data } = context.getImageData(0, canvas.height - 6, canvas.width, 1)
          return data.filter((value, at) => at % 4 === 0 && value > 128).length / canvas.width
        })
      for (const time of [45, 15]) {
        await page.evaluate((to) => {
          document.querySelector('video')!.currentTime = to
        }, time)
        await settle(page, '#parts .clip [data-figure=at]', `0:${time}`)
        await settle(page, '#parts .clip .state', 'ready')
        expect(await bar()).toBeCloseTo(time / 60, 1)
      }
      await page.click('#parts .clip button')
      await page.waitForFunction(
        () => document.querySelector('#parts .clip [data-figure=at]')!.textContent !== '0:15',
      )
      expect(await page.textContent('#parts .clip [data-figure=took]')).toMatch(/^[\d.]+ m?s$/)
    }))

  test('a download is broken off, resumed where it was, and found to be the file', () =>
    visit({}, async (page) => {
      const asked: (string | undefined)[] = []
      page.on('request', (request) => {
        if (request.url().endsWith('/download')) asked.push(request.headers()['range'])
      })
      const form = '#parts [data-source=resumed]'
      await page.click(`${form} button`)
      await page.waitForFunction(
        (where) => document.querySelector(where)!.textContent!.startsWith('broken off at'),
        `${form} [data-figure=check]`,
      )
      const brokenAt = await page.textContent(`${form} [data-figure=size]`)
      expect(Number.parseFloat(brokenAt!)).toBeLessThan(8)
      await settle(page, `${form} .state`, 'complete')
      await settle(page, `${form} [data-figure=check]`, 'SHA-256 is right')
      expect(await page.textContent(`${form} [data-figure=size]`)).toBe('8.0 MiB')
      expect(asked).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d*-$/)])
    }))

  test('an upload is followed on the server while it is sent, and is what was sent', () =>
    visit({}, async (page) => {
      await page.click('#upload button')
      await settle(page, '#upload .state', 'complete')
      await settle(page, '#upload .told', 'The SHA-256 that the server computed on the way is right.')
      expect(await page.textContent('#upload [data-figure=saved]')).toBe('made-here.bin, 48.0 MiB')
      await settle(page, '#upload [data-figure=received]', '48.0 MiB')

      const body = Buffer.from('a file of mine')
      await page.setInputFiles('#upload input', {
        name: '../my file.txt',
        mimeType: 'text/plain',
        buffer: body,
      })
      await page.click('#upload button')
      await settle(page, '#upload [data-figure=saved]', 'my file.txt, 0.0 MiB')
      // What the showcase was sent, it forgets.
      await page.waitForTimeout(200)
      expect(showcase.uploaded()).toEqual([])
    }))

  test('a stream is stopped by the button that started it', () =>
    visit({}, async (page) => {
      expect(await page.textContent('#ticks button')).toBe('Stop')
      await page.click('#ticks button')
      await settle(page, '#ticks .state', 'stopped')
      expect(await page.textContent('#ticks button')).toBe('Start')
    }))

  test('the background task tells how the stream ended', () =>
    visit({}, async (page) => {
      await page.click('#data [name=all]')
      await settle(page, '#data .told', 'The stream ended and its task was told: complete.')
      await page.click('#data [name=leave]')
      await settle(page, '#data .told', 'The stream ended and its task was told: disconnect.')
      expect(await page.textContent('#data tbody tr:last-child')).toBe('disconnect1')
    }))

  test.each([
    ['sse', 'text/event-stream'],
    ['jsonl', 'application/jsonl'],
  ])('the ticker draws its points from %s', (format, type) =>
    visit({}, async (page) => {
      await page.check(`#ticks [value=${format}]`, { force: true })
      await page.waitForFunction(() => Number(document.querySelector('canvas')!.dataset['points']) >= 5)
      await settle(page, '#ticks [data-figure=type]', type)
      // The line's colour is on the canvas: what was counted was drawn, too.
      const drawn = await page.evaluate(() => {
        const canvas = document.querySelector('canvas')!
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
        let opaque = 0
        for (let i = 0; i < data.length; i += 4)
          if (data[i + 3]! > 200 && data[i]! < 60 && data[i + 2]! > 100) opaque++
        return opaque
      })
      expect(drawn).toBeGreaterThan(20)
    }),
  )

  test('the chat is heard by two pages', () =>
    visit({}, (one) =>
      visit({ viewport: PHONE }, async (two) => {
        for (const page of [one, two]) await settle(page, '#chat .state', 'connected')
        await one.fill('#chat input', '<b>hello</b>')
        await one.keyboard.press('Enter')
        for (const page of [one, two])
          await settle(page, '#chat .log p:last-child span', 'Message: <b>hello</b>')
        await two.fill('#chat input', 'from the phone')
        await two.click('#chat button')
        for (const page of [one, two])
          await settle(page, '#chat .log p:last-child span', 'Message: from the phone')
      }),
    ))

  test('an item is created', () =>
    visit({}, async (page) => {
      await page.click('#items button:not([name])')
      await settle(page, '#items .status b', '201 Created')
      expect(JSON.parse((await page.textContent('#items pre'))!)).toMatchObject({
        name: 'Water wheel',
        tags: ['oak', '1890'],
      })
    }))

  test('the problems of a wrong item appear beside its fields', async () => {
    const context = await browser.newContext() // not `visit`: Chromium reports every 422 as a console error
    try {
      const page = await context.newPage()
      await page.goto(showcase.url)
      await page.click('#items [name=wrong]')
      await settle(page, '#items .status b', '422 Validation failed')
      expect(await page.locator('#items [aria-invalid=true]').count()).toBe(3)
      expect(await page.textContent('#item-price-issue')).toBe('The price must be above 0.')
      expect(await page.locator('#items .issues code').allTextContents()).toEqual([
        'body.name',
        'body.price',
        'body.tags.1',
      ])
    } finally {
      await context.close()
    }
  })

  test.each(LOOKS)('fits a %s, %s', (_, colorScheme, viewport) =>
    visit({ colorScheme, viewport }, async (page) => {
      await page.waitForFunction(() => document.querySelectorAll('#video .film .newest').length === 1)
      const [needed, given] = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement
        return [scrollWidth, clientWidth]
      })
      expect(needed).toBeLessThanOrEqual(given!)
    }),
  )

  test('nothing moves while things arrive', () =>
    visit({}, async (page) => {
      await page.evaluate(() => {
        const list = new PerformanceObserver((entries) => {
          for (const entry of entries.getEntries()) shifts.push((entry as unknown as { value: number }).value)
        })
        const shifts: number[] = ((window as unknown as { shifts: number[] }).shifts = [])
        list.observe({ type: 'layout-shift', buffered: true })
      })
      await page.click('#download [data-source=file] button')
      await page.click('#data [name=all]')
      await settle(page, '#download [data-source=file] .state', 'complete')
      await settle(page, '#data .told', 'The stream ended and its task was told: complete.')
      await page.waitForTimeout(1500)
      const shifts = await page.evaluate(() => (window as unknown as { shifts: number[] }).shifts)
      expect(shifts.reduce((sum, shift) => sum + shift, 0)).toBeLessThan(0.005)
    }))

  test('everything can be reached and named', () =>
    visit({}, async (page) => {
      const nameless = await page.$$eval('button, input, select', (controls) =>
        (controls as HTMLInputElement[])
          .filter(
            (control) =>
              !control.labels?.length && !control.textContent!.trim() && !control.getAttribute('aria-label'),
          )
          .map((control) => control.outerHTML),
      )
      expect(nameless).toEqual([])
      await page.keyboard.press('Tab')
      expect(await page.evaluate(() => document.activeElement?.getAttribute('href'))).toBe('/docs')
      await page.keyboard.press('Tab')
      expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('frames')
    }))
})
