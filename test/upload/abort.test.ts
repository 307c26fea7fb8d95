/**
 * Clients that leave in the middle of an upload: no file and no handle is left, after a thousand of them. A
 * server that saves as most examples do is the control: the same test finds what it leaves.
 */
import { createWriteStream, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, bytes, file, form, multipart } from 'millrace'
import { afterEach, describe, expect, test } from 'vitest'
import { encodeForm, FORM_TYPE } from '../contract/upload-behaviours.ts'
import { recorder, until, wait } from '../contract/transport.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'millrace-abort-'))
  cleanups.push(() => rmSync(path, { recursive: true }))
  return path
}

/** Open files of this process under a directory, deleted ones too. */
function openFiles(under: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`)
      return target.startsWith(under) ? [target] : []
    } catch {
      return []
    }
  })
}

const sockets = () => readdirSync('/proc/self/fd').length

/** A generator of pseudo-random numbers below 1: a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const content = Buffer.alloc(1_500_000, 'x')
const whole = encodeForm([
  ['title', 'hello'],
  ['f', content, 'f.bin'],
])

/** Sends a request up to a byte of its body, waits a moment or not, and resets or closes the connection. */
function abortedUpload(port: number, path: string, next: () => number): Promise<void> {
  const body = path === '/raw' ? content : whole
  const upTo = Math.floor(next() * body.length)
  const pause = next() < 0.3 ? Math.floor(next() * 20) : 0
  const reset = next() < 0.5
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      const type = path === '/raw' ? 'application/octet-stream' : FORM_TYPE['content-type']
      socket.write(
        `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n`,
      )
      socket.write(body.subarray(0, upTo), () => {
        setTimeout(() => (reset ? socket.resetAndDestroy() : socket.destroy()), pause)
      })
    })
    socket.resume()
    socket.on('error', () => {})
    socket.on('close', () => resolve())
  })
}

async function abort(port: number, paths: readonly string[], count: number): Promise<void> {
  const next = random(count)
  let left = count
  const worker = async () => {
    while (left-- > 0) await abortedUpload(port, paths[left % paths.length]!, next)
  }
  await Promise.all(Array.from({ length: 16 }, worker))
}

test(
  'a thousand uploads aborted at random points leave no file and no handle',
  { timeout: 120_000 },
  async () => {
    const into = directory()
    const scratch = directory()
    const { TMPDIR } = process.env
    process.env['TMPDIR'] = scratch
    cleanups.push(() =>
      TMPDIR === undefined ? delete process.env['TMPDIR'] : (process.env['TMPDIR'] = TMPDIR),
    )
    const log: Parameters<typeof recorder>[0] = []
    const app = new App({ log: recorder(log) })
    let begun = 0
    let saving = 0
    let serial = 0
    const counted = async (save: () => Promise<unknown>) => {
      begun++
      saving++
      try {
        await save()
      } finally {
        saving--
      }
    }
    app.post('/parts', { body: multipart({ f: file() }) }, ({ body }) =>
      counted(async () => {
        for await (const part of body)
          if (part.kind === 'file') await part.saveTo(join(into, `${serial++}`), { digest: 'sha-256' })
      }),
    )
    app.post('/form', { body: form({ f: file() }) }, ({ body }) =>
      counted(() => body.f.saveTo(join(into, `${serial++}`))),
    )
    app.post('/raw', { body: bytes(), bodyLimit: 2_000_000 }, ({ body }) =>
      counted(() => body.saveTo(join(into, `${serial++}`))),
    )
    const { port } = await app.listen({ port: 0, signals: false })
    cleanups.push(() => app.close({ grace: 0 }))

    // One of each, so that everything is loaded; then what is open is what stays open.
    await abort(port, ['/parts', '/form', '/raw'], 30)
    await until(() => saving === 0, 'the first ones have ended', 10_000)
    await wait(200)
    const before = sockets()

    await abort(port, ['/parts', '/form', '/raw'], 1000)
    await until(() => saving === 0, 'every handler has ended', 30_000)
    await until(
      () => readdirSync(into).filter((name) => name.startsWith('.')).length === 0,
      'no part is left',
      30_000,
    )
    await until(() => openFiles(into).length + openFiles(scratch).length === 0, 'all closed', 30_000)
    await until(() => sockets() <= before, `${before} descriptors`, 30_000)
    expect(begun).toBeGreaterThan(500)
    expect(readdirSync(scratch)).toEqual([])
    expect(log.filter(({ level }) => level === 'error')).toEqual([])
  },
)

describe('the control', () => {
  /** What a request handler looks like that pipes a body into a file. */
  function naive(into: string): Server {
    let serial = 0
    return createServer((request, response) => {
      request.pipe(createWriteStream(join(into, `${serial++}`))).on('finish', () => response.end())
    })
  }

  test(
    'a naive server leaves files and handles, and the same looks find them',
    { timeout: 60_000 },
    async () => {
      const into = directory()
      const server = naive(into)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      cleanups.push(() => server.close())
      const { port } = server.address() as { port: number }
      await abort(port, ['/raw'], 50)
      await wait(500)
      expect(readdirSync(into).length).toBeGreaterThan(20)
      expect(openFiles(into).length).toBeGreaterThan(20)
    },
  )
})
