/** The docs page in a browser whose network is closed. */
import type { Listening } from 'millrace'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium, LOOKS, visit, withoutChromium } from '../../chromium.ts'
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
  ) => {
    const loaded = async (page: Page) => {
      await page.waitForSelector(operation === '' ? '.welcome' : '.operation')
      await use(page)
    }
    return visit(browser, `${server.url}/docs#${operation}`, options, loaded, expected)
  }

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
      // A loaded machine may join two; a server or a page that holds them back joins all.
      expect(shown.at(-1)!.at - shown[0]!.at).toBeGreaterThan(300)
      expect(new Set(shown.map(({ at }) => at)).size).toBeGreaterThan(2)
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

  test('pauses, holds every row back, and goes on without a loss', () =>
    open('ticks', async (page) => {
      await page.fill('[id="field-query.count"]', '30')
      await page.fill('[id="field-query.interval"]', '40')
      await page.selectOption('#field-accept', 'text/event-stream')
      await page.click('#run')
      await page.waitForSelector('.row >> nth=3')
      await page.click('text=Pause')
      await reaches(page, 'paused')
      const held = await figure(page, 'items')
      await page.waitForTimeout(600)
      expect(await figure(page, 'items')).toBe(held)
      await page.click('text=Continue')
      await reaches(page, 'complete')
      expect(await figure(page, 'items')).toBe('30')
    }))

  test('a stream that was cancelled resumes behind its last id', () =>
    open('ticks', async (page) => {
      await page.fill('[id="field-query.count"]', '12')
      await page.fill('[id="field-query.interval"]', '120')
      await page.selectOption('#field-accept', 'text/event-stream')
      await page.click('#run')
      await page.waitForSelector('.row >> nth=2')
      await page.click('text=Cancel')
      await reaches(page, 'cancelled')
      const before = (await rows(page)).filter(({ kind }) => kind === 'item').length
      expect(before).toBeLessThan(12)
      await page.click(`text=Resume after id ${before - 1}`)
      await reaches(page, 'complete')
      const shown = await rows(page)
      expect(shown.filter(({ kind }) => kind === 'item').map(({ text }) => text)).toEqual(
        Array.from({ length: 12 }, (_, n) => `id ${n}n ${n}`),
      )
      expect(shown[before]).toMatchObject({ kind: 'note', text: `Resumed after id ${before - 1}` })
    }))

  test.each([
    ['text/event-stream', 'The server says why: The well is dry.'],
    ['application/jsonl', 'The server says why: The well is dry.'],
  ])('a stream of %s that is cut off is truncated, and says why', (type, why) =>
    open(
      'cut',
      async (page) => {
        await page.selectOption('#field-accept', type)
        // Chromium may drop the last bytes in front of a cut when it is busy, and with them the reason.
        for (let attempt = 0; attempt < 5; attempt++) {
          await page.click('#run')
          await page.waitForSelector('.state:not([data-state=truncated])')
          await reaches(page, 'truncated')
          expect(await page.locator('.state[data-state=complete]').count()).toBe(0)
          expect(await page.getAttribute('.message', 'class')).toBe('message alarm')
          if ((await page.textContent('.message')) === why) break
        }
        expect(await page.textContent('.message')).toBe(why)
        expect((await rows(page)).map(({ kind }) => kind)).toEqual(['item', 'item', 'item', 'error'])
      },
      {},
      /ERR_INCOMPLETE_CHUNKED_ENCODING/,
    ),
  )

  test('so is a text that ends without a word', () =>
    open(
      'bareCut',
      async (page) => {
        await run(page, 'truncated')
        expect(await page.textContent('.message')).toMatch(/^The body was cut off: /)
        expect(await rows(page)).toMatchObject([{ kind: 'chunk', text: 'a beginning ⏎ ' }])
      },
      {},
      /ERR_INCOMPLETE_CHUNKED_ENCODING/,
    ))

  test('comes back by itself, as an EventSource does, from behind the last id', () =>
    open(
      'cut',
      async (page) => {
        await page.selectOption('#field-accept', 'text/event-stream')
        await page.click('#run')
        await page.check('text=Reconnect by itself')
        await page.waitForSelector('.row >> nth=8', { timeout: 20_000 })
        await page.click('text=Cancel')
        const shown = await rows(page)
        expect(
          shown
            .filter(({ kind }) => kind === 'item')
            .map(({ text }) => text)
            .slice(0, 6),
        ).toEqual([0, 1, 2, 3, 4, 5].map((n) => `id ${n}n ${n}`))
      },
      {},
      /ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_ABORTED/,
    ))

  test('puts the deltas of a language model together', () =>
    open('chat', async (page) => {
      await run(page, 'complete')
      await page.click('text=Merged')
      expect(await page.textContent('.merged p')).toBe('Water turns the wheel.')
    }))

  test('keeps a bounded number of rows of a long stream, draws only those in sight, and says so', () =>
    open('flood', async (page) => {
      await run(page, 'complete')
      expect(await figure(page, 'items')).toBe('20,000')
      expect(await page.textContent('.dropped')).toBe('The newest 5,000 rows of 20,000 are kept.')
      expect(await page.locator('.row').count()).toBeLessThan(80)
      expect((await rows(page)).at(-1)!.text).toContain('n 19999')
      await page.focus('.rows')
      await page.keyboard.press('Home')
      await page.waitForSelector('#row-15001[aria-selected=true]')
      await page.keyboard.press('ArrowDown')
      expect(JSON.parse((await page.textContent('.detail pre'))!)).toMatchObject({ n: 15_001 })
      await page.keyboard.press('End')
      await page.waitForSelector('#row-20000[aria-selected=true]')
    }))

  test('can be stopped in the middle of a flood', () =>
    open('flood', async (page) => {
      await page.fill('[id="field-query.count"]', '1000000')
      await page.click('#run')
      await page.waitForSelector('.dropped')
      await page.click('text=Cancel')
      await reaches(page, 'cancelled')
      const items = await figure(page, 'items')
      await page.waitForTimeout(300)
      expect(await figure(page, 'items')).toBe(items)
      expect(Number(items?.replaceAll(',', ''))).toBeLessThan(1_000_000)
    }))

  test.each([
    ['curl', /^curl -N 'http:\/\/127\.0\.0\.1:\d+\/ticks\?count=5&interval=150'$/],
    ['fetch', /^const response = await fetch\('http/],
    [
      'client',
      /for await \(const item of api\.get\('\/ticks', \{ query: \{ count: 5, interval: 150 \} \}\)\)/,
    ],
  ])('copies the request as %s', (label, expected) =>
    open(
      'ticks',
      async (page) => {
        await page.click(`.copies >> text=${label}`)
        await page.waitForSelector('.said:text("copied")')
        expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(expected)
      },
      { permissions: ['clipboard-read', 'clipboard-write'] },
    ),
  )

  test('shows raw and parsed', () =>
    open('ticks', async (page) => {
      await page.fill('[id="field-query.interval"]', '1')
      await page.selectOption('#field-accept', 'text/event-stream')
      await run(page, 'complete')
      expect((await rows(page))[1]!.text).toBe('id 1n 1')
      await page.click('.segments >> text=Raw')
      expect((await rows(page))[1]!.text).toBe('id: 1 ⏎ data: {"n":1}')
    }))

  test('talks to a WebSocket, shows both directions, and how it was closed', () =>
    open('echo', async (page) => {
      await run(page, 'open')
      await page.fill('.send-box textarea', '<b>hello</b>')
      await page.keyboard.press('Enter')
      await page.waitForSelector('.row[data-kind=received]')
      expect((await rows(page)).map(({ kind, text }) => [kind, text])).toEqual([
        ['note', 'Open'],
        ['sent', '↑<b>hello</b>'],
        ['received', '↓echo: <b>hello</b>'],
      ])
      await page.fill('.send-box textarea', 'bye')
      await page.click('.send-box button')
      await reaches(page, 'closed')
      expect(await page.textContent('.result-head')).toContain('4001')
      expect(await page.textContent('.result-head .message')).toBe('a code of the app: “as you wish”')
    }))

  test('uploads with progress', () =>
    open('upload', async (page) => {
      const buffer = Buffer.alloc(8 * 1024 * 1024, 'x')
      await page.setInputFiles('[id="field-body.file"]', {
        name: 'big.bin',
        mimeType: 'application/octet-stream',
        buffer,
      })
      await page.fill('[id="field-body.title"]', 'big')
      // As fast as the loopback is, it would be over before anything could be shown.
      const devtools = await page.context().newCDPSession(page)
      const uploadThroughput = 16 * 1024 * 1024
      const network = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput }
      await devtools.send('Network.emulateNetworkConditions', network)
      await page.evaluate(() => {
        const seen: number[] = ((window as unknown as { seen: number[] }).seen = [])
        new MutationObserver(() => {
          const bar = document.querySelector<HTMLProgressElement>('progress.upload')
          if (bar !== null && seen.at(-1) !== bar.value) seen.push(bar.value)
        }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true })
      })
      await run(page, 'complete')
      const seen = await page.evaluate(() => (window as unknown as { seen: number[] }).seen)
      expect(seen.filter((value) => value > 0 && value < 1).length).toBeGreaterThan(0)
      expect(seen).toEqual([...seen].sort((one, other) => one - other))
      expect(seen.at(-1)).toBe(1)
      await page.waitForSelector('.body-view pre')
      expect(JSON.parse((await page.textContent('.body-view pre'))!).size).toBeGreaterThan(buffer.byteLength)
    }))

  test('downloads a range', () =>
    open('file', async (page) => {
      await page.fill('#field-range', '100-199')
      await run(page, 'complete')
      expect(await page.textContent('.result .status')).toBe('206')
      expect(await figure(page, 'body')).toBe('100 B')
      await page.fill('#field-range', '')
      await run(page, 'complete')
      await page.waitForFunction(
        () => document.querySelector('[data-figure=body]')?.textContent === '293 KiB',
      )
      const saved = page.waitForEvent('download')
      await page.click('.body-view >> text=Save')
      expect((await saved).suggestedFilename()).toBe('file')
    }))

  test('authorises, for this tab only', () =>
    open(
      'secret',
      async (page) => {
        await run(page, 'complete')
        expect(await page.textContent('.result .status')).toBe('401')
        expect(await page.textContent('.needs')).toBe('Needs bearer: not authorised')
        await page.click('.authorize')
        await page.keyboard.press('Tab')
        await page.fill('#scheme-bearer', 'open sesame')
        await page.keyboard.press('Escape')
        expect(await page.textContent('.needs')).toBe('Needs bearer: sent')
        await page.click('#run')
        await page.waitForFunction(() => document.querySelector('.result .status')?.textContent === '200')
        expect(await page.evaluate(() => [localStorage.length, document.cookie])).toEqual([0, ''])
        await page.reload()
        expect(await page.textContent('.needs')).toBe('Needs bearer: sent')
      },
      {},
      /401/,
    ))

  test('takes what looks like a failure or an end for one only if nothing follows it', () =>
    open('lookalike', async (page) => {
      await run(page, 'complete')
      expect((await rows(page)).map(({ kind }) => kind)).toEqual(['item', 'item', 'item', 'end'])
      expect(await figure(page, 'items')).toBe('3')
    }))

  test('says where a token comes from that needs somebody to sign in, and signs nobody in itself', () =>
    open('secret', async (page) => {
      await page.click('.authorize')
      const hint = (name: string) => page.textContent(`[aria-labelledby=scheme-${name}-title] .hint`)
      expect(await hint('oauth')).toBe(
        'This page does not sign in for you. Get an access token with a client of your own (scopes: tea:read, tea:write), and paste it above. People sign in at sign-in.example/authorize.',
      )
      const links = await page.$$eval('dialog a', (all) =>
        all.map((link) => [link.getAttribute('href'), link.getAttribute('target'), link.getAttribute('rel')]),
      )
      expect(links).toEqual([
        ['https://sign-in.example/authorize?a=1', '_blank', 'noopener noreferrer'],
        [`${server.url}/.well-known/openid-configuration`, '_blank', 'noopener noreferrer'],
      ])
      expect(await hint('openId')).toContain('How is described at')
      expect(await page.locator('[aria-labelledby=scheme-hostile-title] .hint').count()).toBe(0)
      // What is pasted is sent.
      await page.fill('#scheme-oauth', 'a token')
      await page.waitForFunction(
        () => document.querySelector('.authorize')?.textContent === 'Authorised: 1 of 4',
      )
    }))

  test('runs by keyboard alone, and everything has a name', () =>
    open('ticks', async (page) => {
      await page.keyboard.press('/')
      await page.keyboard.press('ArrowDown')
      expect(await page.evaluate(() => document.activeElement?.getAttribute('href'))).toBe('#ticks')
      await page.focus('[id="field-query.interval"]')
      await page.keyboard.press('ControlOrMeta+A')
      await page.keyboard.type('1')
      await page.keyboard.press('Enter')
      await reaches(page, 'complete')
      await page.keyboard.press('Control+Enter')
      await reaches(page, 'complete')
      const nameless = await page.$$eval(
        'button, input, select, textarea, a, [role=grid], [role=region]',
        (controls) =>
          (controls as HTMLInputElement[])
            .filter(
              (control) =>
                !control.labels?.length &&
                !control.textContent!.trim() &&
                !control.getAttribute('aria-label') &&
                !control.getAttribute('aria-labelledby'),
            )
            .map((control) => control.outerHTML),
      )
      expect(nameless).toEqual([])
      // Focus follows the page: the picker of operations, then the form, then the result.
      await page.focus('[id="field-query.count"]')
      const order: string[] = []
      for (let i = 0; i < 6; i++) {
        await page.keyboard.press('Tab')
        order.push(
          await page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent || ''),
        )
      }
      expect(order.slice(0, 3)).toEqual(['field-query.interval', 'field-accept', 'run'])
    }))

  test.each(['light', 'dark'] as const)(
    'can be read, %s: every text stands out from its ground',
    (colorScheme) =>
      open(
        'cut',
        async (page) => {
          await page.selectOption('#field-accept', 'text/event-stream')
          await run(page, 'truncated')
          await page.click('.row >> nth=1')
          // WCAG 2.2, 1.4.3: a contrast of at least 4.5 to 1.
          const faint = await page.evaluate(() => {
            const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!
            const colour = (css: string) => {
              canvas.clearRect(0, 0, 1, 1)
              canvas.fillStyle = css
              canvas.fillRect(0, 0, 1, 1)
              return [...canvas.getImageData(0, 0, 1, 1).data]
            }
            const light = (rgb: number[]) => {
              const [r, g, b] = rgb.map((value) => {
                const part = value / 255
                return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
              })
              return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
            }
            const ground = (element: Element | null): number[] => {
              const own =
                element === null ? [255, 255, 255, 255] : colour(getComputedStyle(element).backgroundColor)
              return own[3] === 255 ? own : ground(element!.parentElement)
            }
            return [...document.querySelectorAll('body *')]
              .filter((each) =>
                [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent!.trim()),
              )
              .map((each) => {
                const [one, other] = [light(colour(getComputedStyle(each).color)), light(ground(each))]
                return {
                  what: each.outerHTML.slice(0, 80),
                  ratio: (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05),
                }
              })
              .filter(({ ratio }) => ratio < 4.5)
          })
          expect(faint).toEqual([])
        },
        { colorScheme },
        /ERR_INCOMPLETE_CHUNKED_ENCODING/,
      ),
  )

  test('nothing moves while rows arrive', () =>
    open('ticks', async (page) => {
      await page.fill('[id="field-query.count"]', '60')
      await page.fill('[id="field-query.interval"]', '15')
      await page.click('#run')
      await page.waitForSelector('.row >> nth=2')
      await page.evaluate(() => {
        const shifts: number[] = ((window as unknown as { shifts: number[] }).shifts = [])
        new PerformanceObserver((entries) => {
          for (const entry of entries.getEntries()) shifts.push((entry as unknown as { value: number }).value)
        }).observe({ type: 'layout-shift' })
      })
      await reaches(page, 'complete')
      const shifts = await page.evaluate(() => (window as unknown as { shifts: number[] }).shifts)
      expect(shifts.reduce((sum, shift) => sum + shift, 0)).toBeLessThan(0.02)
    }))

  test('a page that asks somebody else would be caught, and the policy stops ours from doing so', async () => {
    const stray = (path: string, expected?: RegExp) =>
      visit(
        browser,
        `${server.url}${path}`,
        {},
        async (page) => {
          await page.setContent(
            '<img src="http://192.0.2.1/pixel.png"><script>document.title = "ran"</script>',
          )
          await page.waitForTimeout(300)
          expect(await page.title()).toBe(path === '/docs' ? '' : 'ran')
        },
        expected,
      )
    await expect(stray('/openapi.json', /ERR_FAILED/)).rejects.toThrow('192.0.2.1')
    await stray('/docs', /Content Security Policy/)
  })

  test.each(LOOKS)('fits a %s, %s', (_, colorScheme, viewport) =>
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
