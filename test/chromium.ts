/** A browser for tests: the Chromium that is installed, with the network closed. */
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'

const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium'
const installed = existsSync(CHROMIUM)
if (!installed && !process.env['CI']) {
  console.log(`skipped: what needs a browser, because there is no ${CHROMIUM} (set CHROMIUM_PATH)`)
}

/** Whether to leave the browser's tests out. In CI a missing browser is a failure: `launch` says so. */
export const withoutChromium = !installed && !process.env['CI']

export const LAPTOP = { width: 1280, height: 800 }
export const PHONE = { width: 390, height: 844 }
/** What a page has to look well on. */
export const LOOKS = [
  ['laptop', 'light', LAPTOP],
  ['laptop', 'dark', LAPTOP],
  ['phone', 'light', PHONE],
  ['phone', 'dark', PHONE],
] as const

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/**
 * Opens a page, gives it to `use`, and checks that it complained about nothing and asked nobody but its server.
 *
 * @param expected What the browser may complain about: it reports every reply from 400 up.
 */
export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions,
  use: (page: Page) => Promise<void>,
  expected = /^$/,
): Promise<void> {
  const context = await browser.newContext({ viewport: LAPTOP, ...options })
  const { origin } = new URL(url)
  const complaints: string[] = []
  const strangers: string[] = []
  try {
    // Whoever else is asked is not reached, either.
    await context.route('**', async (route) => {
      const target = new URL(route.request().url())
      if (target.protocol === 'data:' || target.protocol === 'blob:' || target.origin === origin)
        return route.fallback()
      strangers.push(target.href)
      return route.abort()
    })
    const page = await context.newPage()
    page.on('console', (message) => {
      const isComplaint = message.type() === 'error' || message.type() === 'warning'
      if (isComplaint && !expected.test(message.text())) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    await page.goto(url)
    await use(page)
    expect(complaints).toEqual([])
    expect(strangers.join(' '), 'asked of others').toBe('')
  } finally {
    await context.close()
  }
}
