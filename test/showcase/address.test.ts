import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { largeFileContent } from '../../examples/showcase/src/large-file.ts'
import { eventually, type RunningShowcase, startShowcase } from './showcase.ts'

let showcase: RunningShowcase

beforeAll(async () => {
  showcase = await startShowcase()
})

afterAll(() => showcase.stop())

const request = (path: string, init?: RequestInit) => fetch(showcase.url + path, init)

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** The pieces of a body as they arrive, each with the time since the request. */
async function arrivals(path: string, take = Infinity): Promise<{ text: string; at: number }[]> {
  const started = performance.now()
  const response = await request(path)
  const decoder = new TextDecoder()
  const found: { text: string; at: number }[] = []
  for await (const piece of response.body!) {
    found.push({ text: decoder.decode(piece, { stream: true }), at: performance.now() - started })
    if (found.length === take) break // leaves the loop and cancels the request
  }
  return found
}

/** The inputs a 422 complains about, as `query.frames`. */
async function refusedInputs(response: Response): Promise<string[]> {
  expect(response.status).toBe(422)
  expect(response.headers.get('content-type')).toContain('application/problem+json')
  const problem = (await response.json()) as { errors: { in: string; path: (string | number)[] }[] }
  return problem.errors.map((issue) => [issue.in, ...issue.path].join('.'))
}

describe('GET /video', () => {
  test('streams ten frames by default, as plain text', async () => {
    const response = await request('/video?interval=0')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^text\/plain\b/)
    expect(response.headers.get('content-length')).toBeNull()
    expect(await response.text()).toBe(Array.from({ length: 10 }, (_, i) => `frame ${i}\n`).join(''))
  })

  test('sends the first frame at once, long before the interval has passed', async () => {
    const [first] = await arrivals('/video?frames=2&interval=60000', 1)
    expect(first!.text).toBe('frame 0\n')
    expect(first!.at).toBeLessThan(2000)
  })

  test('sends one frame per interval', async () => {
    const pieces = await arrivals('/video?frames=4&interval=250')
    expect(pieces.map((piece) => piece.text)).toEqual(['frame 0\n', 'frame 1\n', 'frame 2\n', 'frame 3\n'])
    for (let i = 1; i < pieces.length; i++)
      expect(pieces[i]!.at - pieces[0]!.at).toBeGreaterThan(i * 250 - 150)
  })

  test('waits for nothing when the interval is 0', async () => {
    const body = await (await request('/video?frames=200000&interval=0')).text()
    expect(body.split('\n')).toHaveLength(200_001)
    expect(body.endsWith('frame 199999\n')).toBe(true)
  })

  test('is empty with no frames', async () => {
    const response = await request('/video?frames=0')
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('')
  })

  test.each([
    ['frames=-1', ['query.frames']],
    ['frames=10000001', ['query.frames']],
    ['frames=many', ['query.frames']],
    ['frames=1.5', ['query.frames']],
    ['interval=60001', ['query.interval']],
    ['frames=x&interval=y', ['query.frames', 'query.interval']],
  ])('refuses ?%s', async (query, inputs) => {
    expect(await refusedInputs(await request(`/video?${query}`))).toEqual(inputs)
  })
})

describe('GET /download and GET /async-download', () => {
  const expected = () => sha256(Buffer.concat([...largeFileContent(showcase.fileSize)]))

  test('/download sends the file with its length', async () => {
    const response = await request('/download')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    expect(response.headers.get('content-length')).toBe(String(showcase.fileSize))
    expect(sha256(await response.bytes())).toBe(expected())
  })

  test('HEAD /download says the length and sends nothing', async () => {
    const response = await request('/download', { method: 'HEAD' })
    expect(response.headers.get('content-length')).toBe(String(showcase.fileSize))
    expect(await response.text()).toBe('')
  })

  test.each(['', '?chunk=1000', '?chunk=65536', '?chunk=4194304'])(
    '/async-download%s sends the same bytes',
    async (query) => {
      const response = await request(`/async-download${query}`)
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe('application/octet-stream')
      expect(sha256(await response.bytes())).toBe(expected())
    },
  )

  test.each(['chunk=0', 'chunk=4194305', 'chunk=big'])('/async-download refuses ?%s', async (query) => {
    expect(await refusedInputs(await request(`/async-download?${query}`))).toEqual(['query.chunk'])
  })
})

describe('GET /data and its background task', () => {
  interface Processed {
    finished: number
    outcomes: Record<string, number>
  }

  const readProcessed = async () => (await (await request('/data/processed')).json()) as Processed

  /** The outcomes told to tasks that finished after `before`. */
  const newOutcomes = (before: Processed) =>
    eventually('a background task to finish', async () => {
      const { finished, outcomes } = await readProcessed()
      if (finished === before.finished) return undefined
      const entries = Object.entries(outcomes).map(
        ([name, n]) => [name, n - (before.outcomes[name] ?? 0)] as const,
      )
      return Object.fromEntries(entries.filter(([, n]) => n > 0))
    })

  test('streams the items as plain text; the task is told that all went well', async () => {
    const before = await readProcessed()
    const response = await request('/data')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^text\/plain\b/)
    expect(await response.text()).toBe(Array.from({ length: 10 }, (_, i) => `data ${i}\n`).join(''))
    expect(await newOutcomes(before)).toEqual({ complete: 1 })
  })

  test('tells the task when the client has left in the middle', async () => {
    const before = await readProcessed()
    const client = get(`${showcase.url}/data?items=10000000`, { agent: false })
    const [response] = (await once(client, 'response')) as [IncomingMessage]
    await once(response, 'data')
    client.on('error', () => {})
    client.destroy()
    expect(await newOutcomes(before)).toEqual({ disconnect: 1 })
  })

  test('/data/processed is JSON', async () => {
    const response = await request('/data/processed')
    expect(response.headers.get('content-type')).toMatch(/^application\/json\b/)
    const { finished, outcomes } = (await response.json()) as Processed
    expect(Object.values(outcomes).reduce((sum, n) => sum + n, 0)).toBe(finished)
  })

  test('refuses a bad number of items', async () => {
    expect(await refusedInputs(await request('/data?items=-1'))).toEqual(['query.items'])
  })
})

describe('GET /ticks', () => {
  const tick = {
    n: expect.any(Number),
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    price: expect.any(Number),
  }

  test('as server-sent events', async () => {
    const response = await request('/ticks?count=3&interval=0', { headers: { accept: 'text/event-stream' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream\b/)
    const events: EventSourceMessage[] = []
    createParser({ onEvent: (event) => events.push(event) }).feed(await response.text())
    expect(events.map((event) => JSON.parse(event.data))).toEqual([0, 1, 2].map((n) => ({ ...tick, n })))
  })

  test('as JSON Lines', async () => {
    const response = await request('/ticks?count=3&interval=0', { headers: { accept: 'application/jsonl' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^application\/jsonl\b/)
    const lines = (await response.text()).split('\n')
    expect(lines.pop()).toBe('')
    expect(lines.map((line) => JSON.parse(line))).toEqual([0, 1, 2].map((n) => ({ ...tick, n })))
  })

  test('ten by default, one per interval', async () => {
    const pieces = await arrivals('/ticks?interval=50')
    const lines = pieces
      .map((piece) => piece.text)
      .join('')
      .split('\n')
    expect(lines).toHaveLength(11) // the last line ends, too
    expect(pieces.at(-1)!.at - pieces[0]!.at).toBeGreaterThan(400)
  })

  test('cannot be had as a picture', async () => {
    expect((await request('/ticks', { headers: { accept: 'image/png' } })).status).toBe(406)
  })

  test('refuses a bad count', async () => {
    expect(await refusedInputs(await request('/ticks?count=few'))).toEqual(['query.count'])
  })
})

describe('items', () => {
  const post = (body: unknown) =>
    request('/items', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })

  test('one is created, and found under its address', async () => {
    const created = await post({ name: ' Wheel ', price: 12.5, tags: ['oak'], secret: 'not in the schema' })
    expect(created.status).toBe(201)
    const item = (await created.json()) as { id: string }
    expect(item).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      createdAt: expect.any(String),
      name: 'Wheel',
      price: 12.5,
      tags: ['oak'],
    })
    expect(created.headers.get('location')).toBe(`/items/${item.id}`)

    const found = await request(`/items/${item.id}`)
    expect(found.status).toBe(200)
    expect(await found.json()).toEqual(item)
  })

  test('every problem of a bad one is listed with its place', async () => {
    const refused = await post({ name: '', price: -1, tags: ['ok', 'x'.repeat(21)] })
    expect(await refusedInputs(refused)).toEqual(['body.name', 'body.price', 'body.tags.1'])
  })

  test('one that nobody made is a 404', async () => {
    expect((await request('/items/6f1c7a52-3c1c-4d5e-9d0a-1f6a0a3f4b11')).status).toBe(404)
  })

  test('an id that cannot be one is a 422', async () => {
    expect(await refusedInputs(await request('/items/first'))).toEqual(['params.id'])
  })

  test('only the newest thousand are kept', async () => {
    const first = (await (await post({ name: 'first', price: 1 })).json()) as { id: string }
    for (let i = 0; i < 1000; i += 50) {
      await Promise.all(
        Array.from({ length: 50 }, async () => (await post({ name: 'next', price: 1 })).text()),
      )
    }
    expect((await request(`/items/${first.id}`)).status).toBe(404)
  })
})

describe('WS /ws', () => {
  async function join() {
    const socket = new WebSocket(`${showcase.url.replace('http', 'ws')}/ws`)
    const heard: string[] = []
    socket.on('message', (data) => heard.push(String(data)))
    await once(socket, 'open')
    return { socket, heard }
  }

  test('each text is sent to every client', async () => {
    const [one, two] = await Promise.all([join(), join()])
    one.socket.send('hello')
    await eventually('both to hear the first', async () =>
      one.heard.length === 1 && two.heard.length === 1 ? true : undefined,
    )
    two.socket.send('Grüße 🌊')
    await eventually('both to hear the second', async () =>
      one.heard.length === 2 && two.heard.length === 2 ? true : undefined,
    )
    expect(one.heard).toEqual(['Message: hello', 'Message: Grüße 🌊'])
    expect(two.heard).toEqual(one.heard)

    one.socket.close()
    await once(one.socket, 'close')
    two.socket.send('alone')
    await eventually('the one who stayed', async () => (two.heard.length === 3 ? true : undefined))
    two.socket.close()
    await once(two.socket, 'close')
  })
})

describe('GET /', () => {
  test('is the page, with a policy that lets it talk to nobody else', async () => {
    const response = await request('/')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^text\/html\b/)
    const policy = response.headers.get('content-security-policy')!
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
    expect(await response.text()).toContain('<title>Millrace showcase</title>')
  })

  test('every file it names is there', async () => {
    const html = await (await request('/')).text()
    const names = [...html.matchAll(/(?:href|src)="(\/[^"]+)"/g)].map((match) => match[1]!)
    expect(names).toContain('/page.js')
    for (const name of names) expect((await request(name)).status, name).toBe(200)
  })

  test.each(['/index.htm', '/src/main.ts', '/../src/main.ts', '/%2e%2e/src/main.ts', '/..%2fpackage.json'])(
    '%s is not',
    async (path) => {
      expect((await request(path)).status).toBeGreaterThanOrEqual(400)
    },
  )
})
