/** RST_STREAM in the middle of a request ends it at once, whatever its code is (RFC 9113 section 6.4, issue 11). */
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { format } from 'node:util'
import { App, bytes, type Outcome } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
import { within } from '../contract/transport.ts'
import { END_HEADERS, frame, FRAME, INITIAL_WINDOW, preface, request, uint32 } from '../siege/attack/frame.ts'

const NO_ERROR = 0
const CANCEL = 8

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** Asks for a path with a body that does not end, resets the stream, and tells how the request ended. */
async function reset(
  path: string,
  code: number,
  restMs: number,
): Promise<{ outcome: Outcome; logged: string[] }> {
  const logged: string[] = []
  let onEnd: (outcome: Outcome) => void = () => {}
  const ended = new Promise<Outcome>((resolve) => (onEnd = resolve))
  const app = new App({
    log: { debug() {}, info() {}, warn() {}, error: (...entry) => void logged.push(format(...entry)) },
    observers: [{ end: (_, { outcome }) => onEnd(outcome) }],
  })
  app.post('/relay', { streams: bytes() }, async function* ({ body }) {
    for await (const chunk of body) yield chunk
  })
  app.post('/large', async ({ body }) => {
    for await (const _ of body) break
    return 'x'.repeat(1 << 20)
  })
  const { port, close } = await app.listen({ port: 0, http2: true, signals: false })
  cleanups.push(() => close({ grace: 0 }))
  const client = connect(port, '127.0.0.1').on('error', () => {})
  cleanups.push(() => client.destroy())
  client.resume()
  const begin = [
    preface([INITIAL_WINDOW, 0]),
    request(1, 'POST', path, END_HEADERS),
    frame(FRAME.data, 0, 1, Buffer.from('half')),
  ]
  const end = frame(FRAME.reset, 0, 1, uint32(code))
  if (restMs === 0) client.write(Buffer.concat([...begin, end]))
  else {
    client.write(Buffer.concat(begin))
    await wait(restMs)
    client.write(end)
  }
  return { outcome: await within(ended, 'the request ends'), logged }
}

describe.each([NO_ERROR, CANCEL])('RST_STREAM with code %i', (code) => {
  test.each(['/relay', '/large'])('%s, at once and later', async (path) => {
    for (const restMs of [0, 40]) {
      expect(await reset(path, code, restMs)).toEqual({ outcome: 'disconnect', logged: [] })
    }
  })
})
