/** How much of an upload has been sent, and of how much, on a runtime whose `fetch` does not tell. */
import { createClient } from 'millrace/client'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { makeApp, type Routes } from './app.ts'

const { app } = makeApp()
let url: string
beforeAll(async () => {
  url = (await app.listen({ port: 0, signals: false })).url
})
afterAll(() => app.close({ grace: 0 }))

function form(): FormData {
  const made = new FormData()
  made.append('näme "quoted"', 'line\nbreak\r\nand ü')
  made.append('file', new File([new Uint8Array(200_000)], 'größe "1".bin', { type: 'image/png' }))
  made.append('file', new File(['ü'], 'second.txt'))
  made.append('blob', new Blob(['x'.repeat(70_000)]))
  return made
}

const stream = () =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new Uint8Array(1000))
      controller.close()
    },
  })

async function* items() {
  yield { n: 1 }
}

const KNOWN: [string, () => unknown, number | undefined][] = [
  ['a Blob', () => new Blob([new Uint8Array(100_000)]), 100_000],
  ['a File', () => new File([new Uint8Array(100_000)], 'a'), 100_000],
  ['bytes', () => new Uint8Array(100_000), 100_000],
  ['an ArrayBuffer', () => new ArrayBuffer(100_000), 100_000],
  ['text', () => 'ü'.repeat(1000), 2000],
  ['JSON', () => ({ n: 1 }), 7],
  ['fields of a form', () => new URLSearchParams({ a: 'ü b' }), 10],
  ['a form', form, undefined],
  ['an object with files', () => ({ name: 'x', file: new Blob(['content']) }), undefined],
]

describe('the total is known of', () => {
  test.each(KNOWN)('%s', async (_name, make, expected) => {
    const seen: (number | undefined)[] = []
    let sent = 0
    await createClient<Routes>(url).post('/echo/any', {
      body: make(),
      onUploadProgress(progress) {
        expect(progress.sent).toBeGreaterThan(sent)
        sent = progress.sent
        seen.push(progress.total)
      },
    })
    expect(new Set(seen)).toEqual(new Set([expected ?? sent]))
    expect(sent).toBe(expected ?? seen[0])
  })

  test.each([
    ['a stream', stream],
    ['items', items],
  ])('nothing that has no end yet: %s', async (_name, make) => {
    const seen: unknown[] = []
    await createClient<Routes>(url).post('/echo/any', {
      body: make(),
      onUploadProgress: ({ total }) => void seen.push(total),
    })
    expect(new Set(seen)).toEqual(new Set([undefined]))
  })
})

describe('where XMLHttpRequest sends it', () => {
  afterEach(() => void Reflect.deleteProperty(globalThis, 'XMLHttpRequest'))

  test('a signal that was aborted before is heard, and nothing is sent', async () => {
    let made = 0
    /** Never ends by itself. */
    class Silent extends EventTarget {
      readonly upload = new EventTarget()
      constructor() {
        super()
        made++
      }
      open(): void {}
      setRequestHeader(): void {}
      send(): void {}
      abort(): void {}
    }
    Object.assign(globalThis, { XMLHttpRequest: Silent })
    const controller = new AbortController()
    const reason = new Error('enough')
    const call = createClient<Routes>(url).post('/echo/text', {
      body: 'text',
      signal: controller.signal,
      onUploadProgress: () => {},
      before: () => controller.abort(reason),
    })
    await expect(call).rejects.toBe(reason)
    expect(made).toBe(0)
  })
})
