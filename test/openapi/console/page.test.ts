/** The docs page in a browser whose network is closed. */
import type { Listening } from 'millrace'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LAPTOP, launchChromium, PHONE, visit, withoutChromium } from '../../chromium.ts'
import { createScene } from './scene.ts'

describe.skipIf(withoutChromium)('the console in Chromium', { timeout: 90_000 }, () => {
  const app = createScene()
  let server: Listening
  let browser: Browser

  beforeAll(async () => {
    server = await app.listen({ host: '127.0.0.1', port: 0 })
    browser = await launchChromium()
  }, 90_000)

  afterAll(async () => {
    await browser?.close()
    await app.close({ grace: 0 })
  })

  const open = (
    operation: string,
    use: (page: Page) => Promise<void>,
    options: BrowserContextOptions = {},
    expected?: RegExp,
  ) => visit(browser, `${server.url}/docs#${operation}`, options, use, expected)

  /** Runs what is on the page and waits until it stands as given. */
  const run = async (page: Page, state: string) => {
    await page.click('#run')
    await reaches(page, state)
  }
  const reaches = (page: Page, state: string) => page.waitForSelector(`.state[data-state=${state}]`)
  const rows = (page: Page) =>
    page.$$eval('.row', (all) =>
      all.map((row) => ({
        kind: row.getAttribute('data-kind'),
        at: Number(row.getAttribute('data-at')),
        text: row.querySelector('.what')?.textContent ?? '',
      })),
    )
  const figure = (page: Page, name: string) => page.textContent(`[data-figure=${name}]`)

  test('says what the app is, and lists its operations', () =>
    open('', async (page) => {
      await page.waitForSelector('.welcome')
      expect(await page.title()).toBe('Scene <b>: Console')
      expect(await page.textContent('.welcome h1')).toBe('Scene <b> 1.2.3')
      const paths = await page.$$eval('.sidebar .path', (all) => all.map((path) => path.textContent))
      expect(paths).toContain('/ticks')
      expect(paths).toContain('/items/{kind}')
      await page.keyboard.press('/')
      await page.keyboard.type('item')
      expect(await page.locator('.sidebar a').count()).toBe(1)
      await page.keyboard.press('Enter')
      await page.waitForSelector('.operation')
      expect(page.url()).toContain('#createItem')
    }))

  test.each([
    ['text/event-stream', 'id 0n 0'],
    ['application/jsonl', 'n 0'],
  ])('shows every row of %s as it arrives', (type, first) =>
    open('ticks', async (page) => {
      await page.selectOption('#field-accept', type)
      await page.click('#run')
      // The first one is there while the stream runs, not at its end.
      await page.waitForSelector('.row')
      expect(await page.getAttribute('.state', 'data-state')).toBe('streaming')
      await reaches(page, 'complete')
      const shown = await rows(page)
      expect(shown).toHaveLength(5)
      expect(shown[0]!.text).toBe(first)
      for (let i = 1; i < shown.length; i++) expect(shown[i]!.at - shown[i - 1]!.at).toBeGreaterThan(60)
      expect(await figure(page, 'items')).toBe('5')
      expect(await figure(page, 'first-item')).toMatch(/ms|s/)
    }),
  )

  test('shows a JSON reply, with the request that was filled in', () =>
    open('createItem', async (page) => {
      await page.selectOption('[id="field-path.kind"]', 'tea')
      await page.selectOption('[id="field-query.loud"]', 'true')
      await page.fill('[id="field-query.day"]', '2026-11-22')
      await page.fill('[id="field-query.tag"]', 'green\nhot & strong')
      await page.fill('[id="field-header.x-trace"]', 'abc')
      await page.fill('[id="field-cookie.flavour"]', 'jasmine')
      expect(JSON.parse(await page.inputValue('.editor'))).toEqual({ name: 'text', price: 0.5 })
      await run(page, 'complete')
      await page.waitForSelector('.body-view pre')
      expect(JSON.parse((await page.textContent('.body-view pre'))!)).toEqual({
        kind: 'tea',
        query: { loud: 'true', day: '2026-11-22', tag: ['green', 'hot & strong'] },
        trace: 'abc',
        cookie: 'jasmine',
        body: { name: 'text', price: 0.5 },
      })
      expect(await page.textContent('.result .status')).toBe('200')
      // The cookie was put there for one request.
      expect(await page.evaluate(() => document.cookie)).toBe('')
    }))

  test('says what is missing, and where', () =>
    open('createItem', async (page) => {
      await page.click('#run')
      expect(await page.textContent('.problem')).toBe('The path needs "kind".')
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('field-path.kind')
      await page.selectOption('[id="field-path.kind"]', 'tea')
      await page.fill('.editor', '{ "name": ')
      await page.click('#run')
      expect(await page.textContent('#body-problem')).toMatch(/JSON/)
      expect(await page.locator('.result .status[data-class]').count()).toBe(1) // still what it promises
    }))

  test.each([
    ['laptop', 'light', LAPTOP],
    ['laptop', 'dark', LAPTOP],
    ['phone', 'light', PHONE],
    ['phone', 'dark', PHONE],
  ] as const)('fits a %s, %s', (_, colorScheme, viewport) =>
    open(
      'ticks',
      async (page) => {
        await page.fill('[id="field-query.interval"]', '1')
        await run(page, 'complete')
        const [needed, given] = await page.evaluate(() => {
          const { scrollWidth, clientWidth } = document.documentElement
          return [scrollWidth, clientWidth]
        })
        expect(needed).toBeLessThanOrEqual(given!)
      },
      { colorScheme, viewport },
    ),
  )

  test('the reference loads, and asks nobody but this server', () =>
    visit(browser, `${server.url}/docs/reference`, {}, async (page) => {
      await page.waitForFunction(() => document.body.textContent?.includes('A ticker'))
      expect(await page.textContent('nav [aria-current]')).toBe('Reference')
    }))
})
