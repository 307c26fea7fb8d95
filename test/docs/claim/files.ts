import { writeFileSync } from 'node:fs'
import { expect, vi } from 'vitest'
import type { Claims } from '../program.ts'

export const claims: Claims = {
  async 'reply-file.ts'({ url }) {
    const ask = (headers: Record<string, string>) => fetch(`${url}/report`, { headers })
    expect((await ask({})).status).toBe(404)
    writeFileSync('figures.pdf', '%PDF-0123456789')
    const fresh = await ask({})
    expect(fresh.headers.get('etag')).toMatch(/^(W\/)?"[a-z0-9]+-[a-z0-9]+"$/)
    expect(fresh.headers.get('content-type')).toBe('application/pdf')
    expect(fresh.headers.get('cache-control')).toBe('private, max-age=3600')
    expect(fresh.headers.get('content-disposition')).toBe(
      `inline; filename="Gr__en 2026.pdf"; filename*=UTF-8''Gr%C3%B6%C3%9Fen%202026.pdf`,
    )
    const etag = await vi.waitFor(async () => {
      const tag = (await ask({})).headers.get('etag')!
      expect(tag).toMatch(/^"/)
      return tag
    })
    expect((await ask({ 'if-none-match': etag })).status).toBe(304)
    expect((await ask({ 'if-match': '"x"' })).status).toBe(412)
    const rest = await ask({ range: 'bytes=5-', 'if-range': etag })
    expect([rest.status, rest.headers.get('content-range'), await rest.text()]).toEqual([
      206,
      'bytes 5-14/15',
      '0123456789',
    ])
    const several = await ask({ range: 'bytes=0-0,-1' })
    expect(several.headers.get('content-type')).toMatch(/^multipart\/byteranges; boundary=/)
    const outside = await ask({ range: 'bytes=15-' })
    expect([outside.status, outside.headers.get('content-range')]).toEqual([416, 'bytes */15'])
    const skipped = await ask({ range: 'bytes=0-1,x' })
    expect([skipped.status, await skipped.text()]).toEqual([206, '%P'])
    for (const headers of [
      { range: 'bytes=5-', 'if-range': `W/${etag}` },
      { range: `bytes=${Array.from({ length: 101 }, (_, at) => `${at}-${at}`)}` },
      { range: 'lines=1-2' },
    ])
      expect((await ask(headers)).status).toBe(200)
  },
}
