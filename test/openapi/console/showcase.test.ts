/** The console on the showcase, with the document that Millrace writes itself. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium, PHONE, visit, withoutChromium } from '../../chromium.ts'
import { type RunningShowcase, startShowcase } from '../../showcase/showcase.ts'

describe.skipIf(withoutChromium)('the console of the showcase', { timeout: 90_000 }, () => {
  let showcase: RunningShowcase
  let browser: Browser

  beforeAll(async () => {
    showcase = await startShowcase(2)
    browser = await launchChromium()
  }, 90_000)

  afterAll(async () => {
    await browser?.close()
    await showcase?.stop()
  })

  /** Goes from the showcase's own page to its docs, and there to the operation at a path. */
  const choose = (path: string, use: (page: Page) => Promise<void>, options = {}) =>
    visit(browser, showcase.url, options, async (page) => {
      await page.click('.masthead a')
      await page.waitForSelector('.overview')
      await page.click(`.overview a:has(code:text-is("${path}"))`)
      await page.waitForSelector('.operation')
      await use(page)
    })
  const reaches = (page: Page, state: string) => page.waitForSelector(`.state[data-state=${state}]`)

  test('leaves the files of its page out', () =>
    visit(browser, `${showcase.url}/docs`, {}, async (page) => {
      await page.waitForSelector('.overview')
      const paths = await page.$$eval('.overview code', (all) => all.map((each) => each.textContent))
      expect(paths).toContain('/ticks')
      expect(paths).toContain('/ws')
      expect(paths.filter((path) => /\.(js|css)$/.test(path ?? ''))).toEqual([])
    }))

  test.each(['text/event-stream', 'application/jsonl'])('runs /ticks as %s, row by row', (type) =>
    choose('/ticks', async (page) => {
      expect(await page.inputValue('[id="field-query.count"]')).toBe('10')
      await page.fill('[id="field-query.count"]', '6')
      await page.selectOption('#field-accept', type)
      await page.evaluate(() => {
        const seen: string[] = ((window as unknown as { seen: string[] }).seen = [])
        new MutationObserver(() => {
          const now = `${document.querySelectorAll('.row').length} ${document.querySelector('.state')?.textContent}`
          if (seen.at(-1) !== now) seen.push(now)
        }).observe(document.body, { subtree: true, childList: true, characterData: true })
      })
      await page.click('#run')
      await reaches(page, 'complete')
      // Rows were there before the next ones came.
      const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen)
      expect(seen.filter((now) => /^[1-5] streaming$/.test(now)).length).toBeGreaterThan(2)
      const times = await page.$$eval('.row', (all) => all.map((row) => Number(row.getAttribute('data-at'))))
      expect(times).toHaveLength(6)
      expect(times.at(-1)! - times[0]!).toBeGreaterThan(500)
      expect(new Set(times).size).toBeGreaterThan(3)
      expect(await page.textContent('.row .what')).toMatch(/n 0/)
    }),
  )

  test('resumes /ticks from the last id', () =>
    choose('/ticks', async (page) => {
      await page.selectOption('#field-accept', 'text/event-stream')
      await page.click('#run')
      await page.waitForSelector('.row >> nth=2')
      await page.click('text=Cancel')
      await reaches(page, 'cancelled')
      await page.click('text=/Resume after id/')
      await reaches(page, 'complete')
      const items = await page.$$eval('.row[data-kind=item] .what', (all) =>
        all.map((each) => each.textContent),
      )
      expect(items.map((text) => Number(/n (\d+)/.exec(text ?? '')?.[1]))).toEqual([
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
      ])
    }))

  test('talks to /ws, from a phone', () =>
    choose(
      '/ws',
      async (page) => {
        await page.click('#run')
        await reaches(page, 'open')
        await page.fill('.send-box textarea', 'hello')
        await page.click('.send-box button')
        await page.waitForSelector('.row[data-kind=received]')
        expect(await page.textContent('.row[data-kind=received] .what')).toBe('↓Message: hello')
        await page.click('text=Disconnect')
        await reaches(page, 'closed')
        expect(await page.textContent('.result-head')).toContain('1000')
      },
      { viewport: PHONE },
    ))

  test('creates an item from the example of its schema', () =>
    choose('/items', async (page) => {
      await page.click('#run')
      await reaches(page, 'complete')
      expect(await page.textContent('.result .status')).toBe('201')
      await page.waitForSelector('.body-view pre')
      expect(JSON.parse((await page.textContent('.body-view pre'))!)).toMatchObject({
        name: 'text',
        price: 0.5,
      })
    }))

  test('downloads a part of the large file', () =>
    choose('/download', async (page) => {
      await page.fill('#field-range', '1000-1999')
      await page.click('#run')
      await reaches(page, 'complete')
      expect(await page.textContent('.result .status')).toBe('206')
      expect(await page.textContent('[data-figure=body]')).toBe('1,000 B')
    }))

  test('reads well in the reference, too', () =>
    visit(browser, `${showcase.url}/docs/reference`, {}, async (page) => {
      await page.waitForFunction(() => document.body.textContent?.includes('Get ticks'))
    }))
})
