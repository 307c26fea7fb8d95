import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect as connectTcp, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, resumable } from 'millrace'
import { diskStore } from 'millrace/node'
import { expect } from 'vitest'
import { type Claims, openStream } from '../program.ts'

const formOf = (...parts: [string, string | File][]): FormData => {
  const form = new FormData()
  for (const [name, value] of parts) form.append(name, value)
  return form
}

const send = (url: string, body: FormData) => fetch(url, { method: 'POST', body })

/** Runs, and takes away what the program wrote. */
async function tidy(directory: string, run: (directory: string) => Promise<void>): Promise<void> {
  const path = join(tmpdir(), directory)
  try {
    await run(path)
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}

export const claims: Claims = {
  'form.ts': ({ url }) =>
    tidy('millrace-photos', async (directory) => {
      const photo = new File(['pixels'], 'a.png', { type: 'image/png' })
      const more = new File(['1'], '../one.txt')
      const reply = await send(`${url}/photos`, formOf(['title', 'Sea'], ['photo', photo], ['more', more]))
      expect(reply.status).toBe(201)
      const { id, ...rest } = (await reply.json()) as { id: string }
      expect(rest).toEqual({ title: 'Sea', size: 6, more: ['one.txt'] })
      expect(readFileSync(join(directory, id), 'utf8')).toBe('pixels')
      const refused = await send(
        `${url}/photos`,
        formOf(['photo', new File(['x'], 'a.txt', { type: 'text/plain' })]),
      )
      expect(refused.status).toBe(422)
      expect(await refused.json()).toMatchObject({
        errors: [{ in: 'body', path: ['photo'], detail: 'Send image/*, not text/plain.' }],
      })
      const none = await send(`${url}/photos`, formOf(['tags', 'a']))
      expect(
        ((await none.json()) as { errors: { path: string[] }[] }).errors.map(({ path }) => path[0]),
      ).toEqual(['title', 'photo'])
      const large = new File([new Uint8Array(5_000_001)], 'a.png', { type: 'image/png' })
      expect((await send(`${url}/photos`, formOf(['title', ''], ['photo', large]))).status).toBe(413)
    }),

  'multipart.ts': ({ url }) =>
    tidy('millrace-videos', async (directory) => {
      const content = randomBytes(500_000)
      const video = new File([content], 'sea.mp4', { type: 'video/mp4' })
      const reply = await send(`${url}/videos`, formOf(['title', 'Sea'], ['video', video]))
      const digest = createHash('sha256').update(content).digest('hex')
      expect(await reply.json()).toEqual({
        title: 'Sea',
        saved: [{ name: 'sea.mp4', bytes: 500_000, digest }],
      })
      expect(readdirSync(directory)).toEqual(['sea.mp4'])
    }),

  'raw.ts': ({ url }) =>
    tidy('millrace-backups', async () => {
      const put = () => fetch(`${url}/backups/monday`, { method: 'PUT', body: 'data' })
      expect(await (await put()).json()).toEqual({
        bytes: 4,
        digest: createHash('sha256').update('data').digest('hex'),
      })
      expect((await put()).status).toBe(409)
      expect((await fetch(`${url}/backups/Not%20this`, { method: 'PUT', body: 'data' })).status).toBe(422)
    }),

  async 'sink.ts'({ url }) {
    expect(await (await send(`${url}/objects`, formOf(['object', new File(['x'], 'x.bin')]))).json()).toEqual(
      ['x.bin'],
    )
  },

  async 'progress.ts'({ url }) {
    const follow = async (id: string) => {
      const stream = await openStream(`${url}/uploads/${id}/progress`)
      const told = async () => {
        let text = ''
        for (let piece = await stream.next(); piece !== undefined; piece = await stream.next()) text += piece
        return [...text.matchAll(/^data: (.*)$/gm)].map(
          (match) => JSON.parse(match[1]!) as { received: number; length: number; outcome?: string },
        )
      }
      return { stream, told }
    }
    const [id, left] = [crypto.randomUUID(), crypto.randomUUID()]
    const [watched, other] = [await follow(id), await follow(left)]
    const video = new File([new Uint8Array(3_000_000)], 'video')
    expect((await send(`${url}/uploads/${id}`, formOf(['video', video]))).status).toBe(204)
    const events = await watched.told()
    const { length } = events.at(-1)!
    expect(length).toBeGreaterThan(3_000_000)
    expect(events.at(-1)).toEqual({ received: length, length, outcome: 'complete' })
    expect(events.length).toBeGreaterThan(1)
    rmSync(join(tmpdir(), id))
    // Who comes too late is told as well, and of that upload only.
    expect((await (await follow(id)).told()).at(-1)).toEqual(events.at(-1))

    const { port, hostname } = new URL(url)
    const socket = connectTcp(Number(port), hostname)
    socket.write(
      `POST /uploads/${left} HTTP/1.1\r\nhost: docs\r\ncontent-length: 1000\r\ncontent-type: multipart/form-data; boundary=x\r\n\r\n` +
        '--x\r\ncontent-disposition: form-data; name="video"; filename="v"\r\n\r\nhalf of it',
    )
    expect(await other.stream.next()).toMatch(/"length":1000}/)
    socket.destroy()
    expect((await other.told()).at(-1)).toMatchObject({ length: 1000, outcome: 'disconnect' })
  },

  'resumable.ts': ({ url }) =>
    tidy('millrace-films', async (directory) => {
      const headers = { authorization: 'Bearer secret' }
      expect((await fetch(`${url}/films`, { method: 'POST', body: 'x' })).status).toBe(401)
      const created = await fetch(`${url}/films`, {
        method: 'POST',
        headers: {
          ...headers,
          'upload-complete': '?0',
          'content-disposition': 'inline; filename="The Sea.mp4"',
        },
        body: 'abc',
      })
      expect(created.status).toBe(201)
      const at = new URL(created.headers.get('location')!, created.url)
      const head = await fetch(at, { method: 'HEAD', headers })
      expect([head.status, head.headers.get('upload-offset')]).toEqual([204, '3'])
      const last = await fetch(at, {
        method: 'PATCH',
        headers: {
          ...headers,
          'content-type': 'application/partial-upload',
          'upload-offset': '3',
          'upload-complete': '?1',
        },
        body: 'def',
      })
      const { film, ...rest } = (await last.json()) as { film: string }
      expect(rest).toEqual({ title: 'The Sea.mp4', from: 'Ada', size: 6 })
      expect(readFileSync(join(directory, film), 'utf8')).toBe('abcdef')
      expect(existsSync(join(directory, 'incoming', `${film}.part`))).toBe(false)
    }),

  'resume.ts': ({ exports }) =>
    tidy('millrace-resume-claim', async (directory) => {
      const upload = exports['upload'] as (url: string, data: Blob) => Promise<Response>
      const content = randomBytes(2_000_000)
      let whole: Uint8Array | undefined
      const app = new App()
      app.include(
        resumable('/uploads', {
          store: diskStore(directory),
          onComplete: async (each) => {
            whole = await each.bytes()
            return 'done'
          },
        }),
      )
      const { port } = await app.listen({ port: 0, signals: false })
      // A network between them that breaks twice.
      const { connect } = await import('node:net')
      let breaks = 2
      const network = createServer((near) => {
        const far = connect(port, '127.0.0.1')
        let carried = 0
        near.on('data', (data) => {
          carried += data.length
          if (carried > 700_000 && breaks-- > 0) return void near.resetAndDestroy()
          far.write(data)
        })
        far.on('data', (data) => near.write(data))
        for (const [one, other] of [
          [near, far],
          [far, near],
        ] as const)
          one.on('error', () => {}).on('close', () => other.destroy())
      })
      await new Promise<void>((resolve) => network.listen(0, '127.0.0.1', resolve))
      try {
        const { port: via } = network.address() as { port: number }
        const reply = await upload(`http://127.0.0.1:${via}/uploads`, new Blob([content]))
        expect([reply.status, await reply.text()]).toEqual([200, 'done'])
        expect(breaks).toBeLessThanOrEqual(0)
        expect(Buffer.from(whole!).equals(content)).toBe(true)
      } finally {
        network.close()
        await app.close({ grace: 0 })
      }
    }),
}
