import { gunzipSync, gzipSync } from 'node:zlib'
import { expect } from 'vitest'
import type { Claims } from '../program.ts'

/** What comes without anybody decoding it on the way. */
async function raw(url: string, headers: Record<string, string>): Promise<[string | null, Uint8Array]> {
  const { request } = await import('node:http')
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers }, (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('end', () => resolve([response.headers['content-encoding'] ?? null, Buffer.concat(pieces)]))
    })
    asked.on('error', reject).end()
  })
}

export const claims: Claims = {
  async 'options.ts'({ url }) {
    const gzip = { 'accept-encoding': 'gzip' }
    const [coding, bytes] = await raw(`${url}/rows`, gzip)
    expect(coding).toBe('gzip')
    expect(String(gunzipSync(bytes)).split('\n')).toHaveLength(1001)
    expect((await raw(`${url}/rows`, { ...gzip, cookie: 'a=b' }))[0]).toBeNull()
    const long = `${url}/form?search=${'x'.repeat(2000)}`
    expect((await raw(long, gzip))[0]).toBeNull()
    expect((await raw(`${url}/feed`, { ...gzip, authorization: 'Bearer x' }))[0]).toBe('gzip')
  },

  async 'request.ts'({ url }) {
    const rows = gzipSync(Array.from({ length: 100 }, (_, n) => `{"n":${n}}\n`).join(''))
    const headers = { 'content-type': 'application/jsonl', 'content-encoding': 'gzip' }
    const sent = await fetch(`${url}/rows`, { method: 'POST', headers, body: rows })
    expect(await sent.json()).toEqual({ sum: 4950 })
    const blob = await fetch(`${url}/blobs/1`, { method: 'PUT', headers, body: rows })
    expect([blob.status, blob.headers.get('accept-encoding')]).toEqual([415, 'identity'])
    const plain = await fetch(`${url}/blobs/1`, { method: 'PUT', body: rows })
    expect(await plain.json()).toEqual({ bytes: rows.byteLength })
  },
}
