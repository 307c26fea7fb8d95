/** The entity tag of a file on disk: strong as soon as that is true, and another one for other bytes. */
import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { diskFile } from 'millrace/node'
import { afterAll, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'millrace-tag-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'a.txt')

async function tagOf(): Promise<string> {
  const file = (await diskFile(path).open())!
  await file.close()
  return file.etag!
}

/** Seconds since 1970, some seconds ago. */
const ago = (seconds: number) => Date.now() / 1000 - seconds

test('stays as it is while the file does, and is strong', async () => {
  writeFileSync(path, 'abc')
  utimesSync(path, ago(60.5), ago(60.5))
  const tag = await tagOf()
  expect(tag).toMatch(/^"[0-9a-z]+-[0-9a-z]+"$/)
  expect(await tagOf()).toBe(tag)
})

test('changes with the bytes, also when their number stays the same', async () => {
  const seen = new Set<string>()
  for (let round = 0; round < 20; round++) {
    writeFileSync(path, `ab${String.fromCharCode(97 + round)}`)
    // Past one tick of the clock, from where on a tag is strong.
    await new Promise((resolve) => setTimeout(resolve, 25))
    const tag = await tagOf()
    expect(tag).toMatch(/^"/)
    seen.add(tag)
  }
  expect(seen.size).toBe(20)
})

test('is weak while the file could change once more within the same tick', async () => {
  writeFileSync(path, 'abc')
  utimesSync(path, ago(0), ago(0))
  const fresh = await tagOf()
  await new Promise((resolve) => setTimeout(resolve, 30))
  // The same tag, but for its weakness: what was cached in the meantime stays good.
  expect([fresh, `W/${fresh}`]).toContain(`W/${(await tagOf()).replace(/^W\//, '')}`)
  expect(await tagOf()).toMatch(/^"/)
})

test('where dates are whole seconds, the tick is two of them', async () => {
  writeFileSync(path, 'abc')
  for (const [seconds, strength] of [
    [1, /^W\//],
    [5, /^"/],
  ] as const) {
    const whole = Math.floor(ago(seconds))
    utimesSync(path, whole, whole)
    expect(statSync(path, { bigint: true }).mtimeNs % 1_000_000_000n).toBe(0n)
    expect(await tagOf()).toMatch(strength)
  }
})
