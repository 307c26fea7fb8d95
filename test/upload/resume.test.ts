/** Resumable uploads over real connections: interim replies, cuts at random points, servers that are killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, resumable } from 'millrace'
import { diskStore } from 'millrace/node'
import { afterEach, describe, expect, test } from 'vitest'
import { recorder, until, within } from '../contract/transport.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'millrace-resume-'))
  cleanups.push(() => rmSync(path, { recursive: true }))
  return path
}

async function serve(into: string, options: { http2?: boolean } = {}): Promise<number> {
  const app = new App({ log: recorder([]) })
  app.include(
    resumable('/uploads', {
      store: diskStore(join(into, 'store')),
      onComplete: (upload) => upload.saveTo(join(into, 'whole')),
    }),
  )
  const { port } = await app.listen({ port: 0, signals: false, ...options })
  cleanups.push(() => app.close({ grace: 0 }))
  return port
}

const content = randomBytes(3_000_000)

describe('104', () => {
  const ask = async (port: number, version: string): Promise<string> => {
    const socket = connect(port, '127.0.0.1')
    cleanups.push(() => socket.destroy())
    let heard = ''
    socket.on('data', (data) => (heard += String(data)))
    socket.write(
      `POST /uploads HTTP/1.1\r\nhost: x\r\nupload-complete: ?1\r\nexpect: 100-continue\r\ncontent-length: 5\r\n${version}\r\n`,
    )
    await until(() => heard.includes('100 Continue'), 'it is asked for the body')
    socket.write('hello')
    await until(() => heard.includes('HTTP/1.1 200'), 'the reply')
    return heard
  }

  test('names the upload before its bytes are asked for, to a client that knows it', async () => {
    const heard = await ask(await serve(directory()), 'upload-draft-interop-version: 8\r\n')
    const [interim, goOn, final] = heard.split('\r\n\r\n')
    expect(interim).toMatch(
      /^HTTP\/1.1 104 Upload Resumption Supported\r\nlocation: \.\/uploads\/[0-9a-f-]{36}\r\nupload-limit: max-size=/,
    )
    expect(goOn).toBe('HTTP/1.1 100 Continue')
    expect(/location: (.*)/i.exec(final!)![1]).toBe(/location: (.*)/.exec(interim!)![1])
  })

  test.each(['', 'upload-draft-interop-version: 7\r\n'])(
    'is not sent to one that does not: %j',
    async (version) => {
      expect(await ask(await serve(directory()), version)).toMatch(/^HTTP\/1.1 100 Continue/)
    },
  )

  test('comes over HTTP/2, too', async () => {
    const session = connectHttp2(`http://127.0.0.1:${await serve(directory(), { http2: true })}`)
    cleanups.push(() => session.destroy())
    const stream = session.request({
      ':method': 'POST',
      ':path': '/uploads',
      'upload-complete': '?1',
      'upload-draft-interop-version': '8',
    })
    const interim = once(stream, 'headers') as Promise<[Record<string, unknown>]>
    const final = once(stream, 'response') as Promise<[Record<string, unknown>]>
    const [first] = await within(interim, '104')
    expect(first[':status']).toBe(104)
    expect(first['location']).toMatch(/^\.\/uploads\//)
    stream.end('hello')
    const [last] = await within(final, 'the reply')
    expect([last[':status'], last['location']]).toEqual([200, first['location']])
  })
})

/** Sends the rest from an offset, and cuts the connection after so many bytes of it. */
function cutUpload(port: number, at: string, offset: number, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(
        `PATCH ${at} HTTP/1.1\r\nhost: x\r\ncontent-type: application/partial-upload\r\nupload-complete: ?1\r\nupload-offset: ${offset}\r\ncontent-length: ${content.length - offset}\r\n\r\n`,
      )
      socket.write(content.subarray(offset, offset + bytes), () =>
        setTimeout(() => socket.resetAndDestroy(), 5),
      )
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve())
  })
}

const offsetOf = async (base: string, at: string): Promise<number> => {
  const reply = await fetch(base + at, { method: 'HEAD' })
  expect([reply.status, reply.headers.get('upload-complete')]).toEqual([204, '?0'])
  return Number(reply.headers.get('upload-offset'))
}

const finish = (base: string, at: string, offset: number) =>
  fetch(base + at, {
    method: 'PATCH',
    headers: {
      'content-type': 'application/partial-upload',
      'upload-offset': String(offset),
      'upload-complete': '?1',
    },
    body: content.subarray(offset),
  })

/** @returns the path of the upload. */
const begin = async (base: string, target = '/uploads'): Promise<string> => {
  const headers = { 'upload-complete': '?0', 'upload-length': String(content.length) }
  const created = await fetch(base + target, { method: 'POST', headers })
  return new URL(created.headers.get('location')!, base + target).pathname
}

test('behind a mount the location is that of the upload, whatever its target ended in', async () => {
  const into = directory()
  const inner = new App({ log: recorder([]) })
  for (const path of ['/uploads', '/up loads/:of'] as const)
    inner.include(resumable(path, { store: diskStore(into), onComplete: () => 'whole' }))
  const outer = new App({ log: recorder([]), bodyLimit: content.length })
  outer.mount('/api', inner)
  const { url } = await outer.listen({ port: 0, signals: false })
  cleanups.push(() => outer.close({ grace: 0 }))
  for (const [target, path] of [
    ['/api/uploads', '/api/uploads/'],
    ['/api/uploads?to=/a/b', '/api/uploads/'],
    ['/api/uploads/', '/api/uploads/'],
    ['/api/uploads/?to=/a/', '/api/uploads/'],
    ['/api/up%20loads/a:b%2Fc', '/api/up%20loads/a:b%2Fc/'],
  ] as const) {
    const at = await begin(url, target)
    expect(at.slice(0, -36), target).toBe(path)
    expect(await offsetOf(url, at)).toBe(0)
    expect((await finish(url, at, 0)).status).toBe(200)
  }
})

test('without a mount, a target that is unusual has the right location, too', async () => {
  const port = await serve(directory())
  const base = `http://127.0.0.1:${port}`
  for (const target of ['/uploads/', '/uploads//', '/uploads///?a=/'])
    expect(await offsetOf(base, await begin(base, target))).toBe(0)
})

test('an upload that is cut off forty times is whole, byte for byte', { timeout: 60_000 }, async () => {
  const into = directory()
  const port = await serve(into)
  const base = `http://127.0.0.1:${port}`
  const at = await begin(base)
  let offset = 0
  for (let round = 0; round < 40; round++) {
    // Never all of it: 40 large pieces can be more than there is, and the upload would be complete.
    const most = Math.min(150_000, content.length - offset)
    await cutUpload(port, at, offset, Math.floor(Math.random() * most))
    const next = await offsetOf(base, at)
    expect(next).toBeGreaterThanOrEqual(offset)
    offset = next
  }
  expect(offset).toBeGreaterThan(0)
  expect((await finish(base, at, offset)).status).toBe(200)
  expect(readFileSync(join(into, 'whole')).equals(content)).toBe(true)
})

async function start(into: string): Promise<{ process: ChildProcess; port: number }> {
  const server = spawn(process.execPath, [join(import.meta.dirname, 'resume-server.mjs'), into], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  cleanups.push(() => server.kill('SIGKILL'))
  const [line] = (await within(once(server.stdout, 'data'), 'the server starts', 20_000)) as [Buffer]
  return { process: server, port: Number(line) }
}

test(
  'an upload goes on where it was when its server is killed and another one starts',
  { timeout: 90_000 },
  async () => {
    const into = directory()
    let server = await start(into)
    const at = await begin(`http://127.0.0.1:${server.port}`)
    let offset = 0
    for (let round = 0; round < 4; round++) {
      const sending = cutUpload(server.port, at, offset, 400_000)
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 12))
      server.process.kill('SIGKILL')
      await Promise.all([sending, once(server.process, 'exit')])
      server = await start(into)
      offset = await offsetOf(`http://127.0.0.1:${server.port}`, at)
    }
    expect((await finish(`http://127.0.0.1:${server.port}`, at, offset)).status).toBe(200)
    expect(readFileSync(join(into, 'whole')).equals(content)).toBe(true)
  },
)

test(
  'an upload whose server is killed at work on it is processed by the next one, for who asks again',
  { timeout: 60_000 },
  async () => {
    const into = directory()
    writeFileSync(join(into, 'hang'), '')
    const first = await start(into)
    const at = await begin(`http://127.0.0.1:${first.port}`)
    const atWork = within(once(first.process.stdout!, 'data'), 'the work begins', 20_000)
    const unanswered = finish(`http://127.0.0.1:${first.port}`, at, 0).catch(() => 'lost')
    await atWork
    first.process.kill('SIGKILL')
    expect(await unanswered).toBe('lost')
    rmSync(join(into, 'hang'))
    const base = `http://127.0.0.1:${(await start(into)).port}`
    // All of it is there, and it is not complete.
    expect(await offsetOf(base, at)).toBe(content.length)
    const answer = await finish(base, at, content.length)
    expect([answer.status, answer.headers.get('upload-complete')]).toEqual([200, '?1'])
    expect(await answer.text()).toBe('processed')
    expect(readFileSync(join(into, 'whole')).equals(content)).toBe(true)
    expect((await finish(base, at, content.length)).status).toBe(400)
  },
)
