/** Sources: how each kind of stream is pulled, and how it is stopped. */
import { PassThrough, Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/core/lifetime/clock.ts'
import { Source } from '../../../src/core/reply/source.ts'

const stop = (source: Source, ms = 2000) => source.stop(new Error('stop'), systemClock, ms)

async function collect(source: Source): Promise<string> {
  let text = ''
  for (let result = await source.pull(); result.done !== true; result = await source.pull()) {
    const chunk = await source.encoding.encode(result.value)
    text += typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk)
  }
  return text
}

describe('from', () => {
  test.each([undefined, null, 7, true, {}, () => {}])('%s cannot be streamed', (value) => {
    expect(Source.from(value)).toBeUndefined()
  })

  test('a string is one item, not its characters', async () => {
    const source = Source.from('abc')!
    expect(await source.pull()).toEqual({ done: false, value: 'abc' })
    expect((await source.pull()).done).toBe(true)
  })

  test('binary views go by their own bytes', async () => {
    const whole = new TextEncoder().encode('xxabcxx')
    const views = [whole.subarray(2, 4), new DataView(whole.buffer, 4, 1), whole.slice(2, 4).buffer]
    expect(await collect(Source.from(views)!)).toBe('abcab')
  })

  test.each([7, null, {}, undefined, true])('the item %s is refused with what to do', async (item) => {
    await expect(collect(Source.from([item])!)).rejects.toThrow(/Yield strings or Uint8Arrays/)
  })
})

describe('Node streams', () => {
  test('chunks, strings of an encoding, and the end', async () => {
    expect(await collect(Source.from(Readable.from([Buffer.from('a'), Buffer.from('b')]))!)).toBe('ab')
    const decoded = new PassThrough().setEncoding('utf8')
    decoded.end(Buffer.from('größe'))
    expect(await collect(Source.from(decoded)!)).toBe('größe')
  })

  test('bytes that come late, an empty stream, one that has ended already', async () => {
    const late = new PassThrough()
    setTimeout(() => late.write('x'), 2)
    setTimeout(() => late.end('y'), 4)
    expect(await collect(Source.from(late)!)).toBe('xy')
    const empty = new PassThrough()
    empty.end()
    expect(await collect(Source.from(empty)!)).toBe('')
    const over = Readable.from(['x'])
    for await (const _ of over);
    expect(await collect(Source.from(over)!)).toBe('')
  })

  test('an error at any time rejects the pull, and is handled', async () => {
    const before = new PassThrough()
    const source = Source.from(before)!
    before.destroy(new Error('broken'))
    await expect(source.pull()).rejects.toThrow('broken')
    const waiting = new PassThrough()
    const pull = Source.from(waiting)!.pull()
    waiting.destroy(new Error('broken'))
    await expect(pull).rejects.toThrow('broken')
  })

  test('a stream destroyed without an error is not a clean end', async () => {
    const cut = new PassThrough()
    cut.write('x')
    const source = Source.from(cut)!
    await source.pull()
    cut.destroy()
    await expect(source.pull()).rejects.toThrow(/destroyed before it ended/)
  })

  test('pulling keeps to the pace of the reader', async () => {
    let produced = 0
    const endless = new Readable({
      highWaterMark: 1024,
      read() {
        produced++
        this.push(Buffer.alloc(512))
      },
    })
    const source = Source.from(endless)!
    await source.pull()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(produced).toBeLessThan(10)
    await stop(source)
    expect(endless.destroyed).toBe(true)
  })

  test('stopping settles a pull that waits', async () => {
    const quiet = new PassThrough()
    const source = Source.from(quiet)!
    const pull = source.pull()
    expect(await stop(source)).toBe(true)
    expect((await pull).done).toBe(true)
    expect(quiet.destroyed).toBe(true)
  })
})

describe('stop', () => {
  test('runs the finally of a generator at a yield, once', async () => {
    let ran = 0
    const source = Source.from(
      (async function* () {
        try {
          yield 1
          yield 2
        } finally {
          ran++
        }
      })(),
    )!
    await source.pull()
    expect(await Promise.all([stop(source), stop(source)])).toEqual([true, true])
    expect([ran, source.ended]).toEqual([1, true])
    expect(await stop(source)).toBe(true)
  })

  test('gives up on one that does not unwind', async () => {
    const source = Source.from(
      (async function* () {
        yield 1
        await new Promise(() => {})
      })(),
    )!
    await source.pull()
    void source.pull()
    expect(await stop(source, 10)).toBe(false)
  })

  test('rejects with what the cleanup threw', async () => {
    const source = Source.from(
      (function* () {
        try {
          yield 1
        } finally {
          // oxlint-disable-next-line no-unsafe-finally -- that is the failure
          throw new Error('cleanup broke')
        }
      })(),
    )!
    await source.pull()
    await expect(stop(source)).rejects.toThrow('cleanup broke')
    expect(source.ended).toBe(true)
  })

  test('a web stream is cancelled with the reason, also one that has failed', async () => {
    let reason: unknown
    const web = new ReadableStream({
      cancel(given) {
        reason = given
      },
    })
    await stop(Source.from(web)!)
    expect(reason).toEqual(new Error('stop'))
    const failed = new ReadableStream({
      start: (controller) => controller.error(new Error('broken')),
    })
    expect(await stop(Source.from(failed)!)).toBe(true)
  })

  test('an iterator without return() is stopped by not being asked again', async () => {
    const source = Source.from({ [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 }) }) })!
    await source.pull()
    expect(await stop(source)).toBe(true)
  })
})

test('the end is awaited by what stands before it, whose failure is the source’s own', async () => {
  const told: unknown[] = []
  for (const [value, error] of [
    ['good', undefined],
    ['bad', new Error('cannot commit')],
  ] as const) {
    const source = Source.from([value])!
    source.beforeEnd = async () => {
      told.push(`before the end of ${value}`)
      if (error !== undefined) throw error
    }
    source.onFailed = (failure) => told.push(failure)
    expect(await source.pull()).toMatchObject({ value })
    expect(told).not.toContain(`before the end of ${value}`)
    if (error === undefined) expect(await source.pull()).toMatchObject({ done: true })
    else await expect(source.pull()).rejects.toBe(error)
    source.markEnded({ error: 'too late' })
  }
  const cannotCommit = { error: new Error('cannot commit') }
  expect(told).toEqual(['before the end of good', 'before the end of bad', cannotCommit])
})
