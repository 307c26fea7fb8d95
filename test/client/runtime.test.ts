/** Our client on every runtime that is here, against a server on Node: the same program, the same answers. */
import { execFile, spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { event, sse } from 'millrace'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { until } from '../contract/transport.ts'
import { makeApp, ROWS } from './app.ts'

const PROGRAM = join(import.meta.dirname, 'runtime/program.mjs')
const CLIENT = pathToFileURL(
  join(createRequire(import.meta.url).resolve('millrace/package.json'), '../dist/client/index.js'),
).href

/** Programs by name, and what each runs a file with. */
const RUNTIMES: [string, string, string[]][] = [
  ['Node', process.execPath, []],
  ['Bun', process.env['BUN_PATH'] ?? 'bun', ['run']],
  [
    'Deno',
    process.env['DENO_PATH'] ?? 'deno',
    ['run', '--no-config', '--no-lock', '--allow-net', '--allow-read'],
  ],
]

const isThere = (program: string) => spawnSync(program, ['--version']).status === 0

const { app, seen } = makeApp()
app.get('/once-cut', { streams: sse(z.number()) }, async function* ({ lastEventId, sleep }) {
  for (let n = Number(lastEventId ?? -1) + 1; n < 4; n++) {
    yield event(n, { id: String(n) })
    if (lastEventId !== undefined || n !== 1) continue
    await sleep(100)
    throw new Error('cut')
  }
})
app.websocket('/drops-once', { sends: z.string(), receives: z.string() }, async ({ socket }) => {
  for await (const line of socket) {
    await socket.send(line)
    socket.close(1012, 'restart')
  }
})
app.websocket('/whoami', { sends: z.string() }, async ({ socket, headers }) => {
  await socket.send(String(headers['x-name']))
})

let url: string
beforeAll(async () => {
  url = (await app.listen({ port: 0, signals: false })).url
})
afterAll(() => app.close({ grace: 0 }))

const NOT_HERE = 'TypeError: There is no WebSocket here'

describe.each(RUNTIMES)('%s', (name, program, args) => {
  const installed = isThere(program)
  if (!installed) console.log(`skipped: the client on ${name}, because "${program}" is not installed`)

  test.skipIf(!installed)('gives what it gives elsewhere', { timeout: 120_000 }, async () => {
    const finished = seen.finished
    const { stdout } = await promisify(execFile)(program, [...args, PROGRAM, CLIENT, url], {
      timeout: 100_000,
    })
    // Bun forgets what had come just before a connection broke.
    const told = name === 'Bun' ? (expect.toBeOneOf(['INTERNAL', null]) as unknown) : 'INTERNAL'
    const { socket, ...got } = JSON.parse(stdout) as Record<string, unknown>
    // Node 20 has no WebSocket, and says so.
    const hasSocket = name !== 'Node' || 'WebSocket' in globalThis
    const ofSocket = (value: unknown) => (hasSocket ? value : (expect.stringContaining(NOT_HERE) as unknown))
    expect(socket).toEqual(ofSocket('you said hello'))
    expect(got).toEqual({
      value: { at: '1970-01-01T00:00:00.000Z', n: 1 },
      jsonl: ROWS,
      'json-seq': ROWS,
      'json-array': ROWS,
      sse: ROWS,
      text: ROWS.map(({ text }) => text).join(''),
      bytes: new TextEncoder().encode(ROWS.map(({ text }) => text).join('')).length,
      'items sent': [
        { id: 1, text: 'a' },
        { id: 2, text: 'b' },
      ],
      upload: ['multipart/form-data', 1, true],
      refused: ['ReplyError', 403, 'FORBIDDEN'],
      'cut application/jsonl': ['StreamTruncated', null, told],
      'cut text/event-stream': ['StreamTruncated', null, told],
      'cut application/json': ['StreamTruncated', null, null],
      'cut text': ['StreamTruncated', null, null],
      resumed: [0, 1, 2, 3],
      left: 3,
      aborted: true,
      'socket of values': ofSocket({ id: 7, text: 'a b' }),
      'socket, opened again': ofSocket(['open 1', 'open 2']),
      'socket with headers': ofSocket('ann'),
      'socket refused': hasSocket ? 'SocketClosed' : 'TypeError',
    })
    await until(() => seen.finished === finished + 2, 'both handlers that were left are told')
  })
})
