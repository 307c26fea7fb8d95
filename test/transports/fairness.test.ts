/** A stream that never awaits real I/O starves nobody. */
import { App, bytes, jsonl, text } from 'millrace'
import { afterEach, expect, test } from 'vitest'
import { nodeLink } from '../contract/link.ts'
import { within } from '../contract/transport.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const GREEDY = {
  async: async function* () {
    for (;;) yield 'x'
  },
  sync: function* () {
    for (;;) yield 'x'
  },
}

for (const [name, greedy] of Object.entries(GREEDY)) {
  test(`others are served while four ${name} generators run at full speed`, async () => {
    const app = new App()
    app.get('/text', { streams: text }, () => greedy())
    app.get('/jsonl', { streams: jsonl() }, () => greedy())
    app.get('/bytes', { streams: bytes() }, async function* () {
      const chunk = new Uint8Array(1)
      for (;;) yield chunk
    })
    app.get('/fine', () => 'fine')
    const link = await nodeLink(app)
    cleanups.push(() => link.close())
    let greedyBytes = 0
    for (const path of ['/text', '/jsonl', '/bytes', '/text']) {
      const got = await link.request('GET', path)
      cleanups.push(() => got.disconnect())
      void (async () => {
        for (let piece = await got.next(); piece !== undefined; piece = await got.next())
          greedyBytes += piece.length
      })().catch(() => {})
    }
    for (let i = 0; i < 5; i++) {
      const before = greedyBytes
      const got = await within(link.request('GET', '/fine'), 'a reply', 5000)
      expect(await got.text()).toBe('fine')
      await within(new Promise((resolve) => setTimeout(resolve, 20)), 'a timer', 5000)
      expect(greedyBytes).toBeGreaterThan(before)
    }
  })
}
