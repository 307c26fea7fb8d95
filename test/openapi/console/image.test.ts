/**
 * The pictures of the docs page in `docs/images`: a stream of the showcase, on everything that it has to look
 * well on. `UPDATE_IMAGES=1` takes them anew; look at them before you commit them.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium, LOOKS, visit, withoutChromium } from '../../chromium.ts'
import { type RunningShowcase, startShowcase } from '../../showcase/showcase.ts'

const IMAGES = join(import.meta.dirname, '../../../docs/images')
const MAX_BYTES = 150_000

describe.skipIf(withoutChromium)('pictures of the docs page', { timeout: 90_000 }, () => {
  let showcase: RunningShowcase
  let browser: Browser

  beforeAll(async () => {
    showcase = await startShowcase(1)
    browser = await launchChromium()
  }, 90_000)

  afterAll(async () => {
    await browser?.close()
    await showcase?.stop()
  })

  test.each(LOOKS)('%s, %s: can be taken, and is in the documentation', (device, colorScheme, viewport) =>
    visit(
      browser,
      `${showcase.url}/docs`,
      { colorScheme, viewport, deviceScaleFactor: device === 'phone' ? 1.5 : 1 },
      async (page) => {
        await page.click('.overview a:has(code:text-is("/ticks"))')
        await page.waitForSelector('.operation')
        await page.fill('[id="field-query.count"]', '30')
        await page.click('#run')
        await page.waitForSelector('.row >> nth=7')
        if (device === 'phone') await page.locator('.result').scrollIntoViewIfNeeded()
        const image = await page.screenshot()
        await page.click('text=Cancel')
        const name = `console-${device}-${colorScheme}.png`
        if (process.env['UPDATE_IMAGES'] !== undefined) {
          mkdirSync(IMAGES, { recursive: true })
          writeFileSync(join(IMAGES, name), image)
        }
        expect(image.byteLength).toBeLessThan(MAX_BYTES)
        const kept = readFileSync(join(IMAGES, name))
        expect(kept.byteLength).toBeLessThan(MAX_BYTES)
        expect([kept.readUInt32BE(16), kept.readUInt32BE(20)]).toEqual([
          image.readUInt32BE(16),
          image.readUInt32BE(20),
        ])
        expect(readFileSync(join(IMAGES, '../console.md'), 'utf8')).toContain(`images/${name}`)
      },
    ),
  )
})
