/** Heads of HTTP/1.1: large ones, many of them, and values that are hard to read. */
import type { Hostile } from '../hostile.ts'
import { type Attack, COSTLY_MS } from './attack.ts'
import { GET } from './connection.ts'

/** Just below the limit of a head. */
const LONGEST = 15_500
const FLOOD = 'one connection sends so many bytes'

const fill = (piece: string) => piece.repeat(Math.floor(LONGEST / piece.length))
const withField = (path: string, name: string, value: string) =>
  `GET ${path} HTTP/1.1\r\nhost: a\r\n${name}: ${value}\r\n\r\n`

/** Sends the same head again and again, and reads what comes. */
function repeated(name: string, head: string, count = 100): Attack {
  const run = (hostile: Hostile) =>
    hostile.flood(hostile.open(hostile.ports.http1), head, hostile.times(count))
  return { name, door: 'http1', everyMs: COSTLY_MS, run }
}

/** Values of fields that servers take apart. */
const VALUES: readonly (readonly [what: string, path: string, name: string, value: string])[] = [
  ['Accept of many types', '/negotiated', 'accept', fill('a/a;q=0.1,')],
  ['Accept of one type with many spaces', '/negotiated', 'accept', `a/a${fill(' ')};q`],
  ['Accept-Encoding of many codings', '/big-compressed', 'accept-encoding', fill('a;q=0.1,')],
  ['Range of many parts', '/file', 'range', `bytes=${fill('0-0,2-2,')}0-0`],
  ['Range of many overlapping parts', '/file', 'range', `bytes=${fill('0-,')}0-`],
  ['If-None-Match of many tags', '/file', 'if-none-match', fill('"a",')],
  ['Want-Repr-Digest of spaces', '/file', 'want-repr-digest', `a${fill(' ')}b`],
  ['Want-Content-Digest of spaces', '/file', 'want-content-digest', `a${fill(' ')}b`],
  ['Forwarded of escapes', '/json', 'forwarded', `for=1.2.3.4;a="${fill('\\"')}`],
  ['Forwarded of many hops', '/json', 'forwarded', `${fill('for=127.0.0.1,')}for=127.0.0.1`],
  ['X-Forwarded-For of many hops', '/json', 'x-forwarded-for', `${fill('127.0.0.1,')}127.0.0.1`],
  ['Cookie of many pairs', '/cookie', 'cookie', fill('a=b;')],
  ['Cookie of spaces', '/cookie', 'cookie', `a=${fill(' ')}b`],
  ['Content-Type of parameters', '/fields', 'content-type', `a/a;${fill('a="\\",')}`],
  ['Connection of many names', '/json', 'connection', fill('a,')],
  ['Authorization of spaces', '/json', 'authorization', `Bearer${fill(' ')}`],
  ['If-Modified-Since of digits', '/file', 'if-modified-since', fill('1')],
  ['Upgrade of many protocols', '/json', 'connection: upgrade\r\nupgrade', fill('a,')],
]

export const HEAD_ATTACKS: readonly Attack[] = [
  ...VALUES.map(([what, path, name, value]) => repeated(what, withField(path, name, value), 20)),
  repeated('a long path of one segment', GET(`/rest/${fill('a')}`)),
  repeated('a long path of many segments', GET(`/rest/${fill('a/')}`)),
  repeated('a long path of escapes', GET(`/rest/${fill('%61')}`)),
  repeated('a path of no route', GET(`/${fill('nowhere/')}`)),
  repeated('many query parameters', GET(`/query?${fill('a&')}`)),
  repeated('many values of a query parameter', GET(`/query?${fill('q=1&')}`)),
  repeated('nested names of query parameters', GET(`/query?${fill('q[a]')}=1`)),
  repeated('many empty fields', `GET /json HTTP/1.1\r\nhost: a\r\n${fill('a:\r\n')}\r\n`),
  repeated('120 fields of one name', `GET /json HTTP/1.1\r\nhost: a\r\n${'x: y\r\n'.repeat(120)}\r\n`),
  {
    name: 'a head without end',
    door: 'http1',
    async run(hostile) {
      const count = hostile.times(50)
      for (let n = 0; n < count && !hostile.isOver; n++) {
        const socket = hostile.open(hostile.ports.http1)
        socket.write('GET /json HTTP/1.1\r\nhost: a\r\n')
        await hostile.flood(socket, 'x: yyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n', 3000)
      }
    },
  },
  {
    name: 'empty lines before a request, without end',
    door: 'http1',
    alone: FLOOD,
    run: (hostile) => hostile.flood(hostile.open(hostile.ports.http1), '\r\n', hostile.times(5_000_000)),
  },
]

const post = (path: string, fields: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nhost: a\r\n${fields}content-length: ${body.length}\r\n\r\n${body}`

/** The same request many times, sent without waiting for replies. */
function pipeline(
  name: string,
  request: string,
  count: number,
  plan: { reads?: boolean; behind?: string } = {},
): Attack {
  return {
    name: `pipelines ${name}`,
    door: 'http1',
    ms: 1000,
    everyMs: COSTLY_MS,
    inCi: /wait$|quick/.test(name),
    async run(hostile) {
      const socket = hostile.open(hostile.ports.http1, plan.reads)
      if (plan.behind !== undefined) socket.write(GET(plan.behind))
      await hostile.flood(socket, request, hostile.times(count))
    },
  }
}

const UNREAD = { reads: false }
const EXPECTING = 'content-type: application/json\r\nexpect: 100-continue\r\n'

export const PIPELINE_ATTACKS: readonly Attack[] = [
  pipeline('10 000 requests that wait', GET('/wait'), 10_000),
  pipeline('10 000 quick requests', GET('/json'), 10_000),
  pipeline('10 000 quick requests, not read', GET('/json'), 10_000, UNREAD),
  pipeline('1 000 replies of 4 MiB, not read', GET('/big'), 1000, UNREAD),
  pipeline('1 000 files, not read', GET('/file'), 1000, UNREAD),
  pipeline('1 000 endless streams, not read', GET('/endless'), 1000, UNREAD),
  pipeline('1 200 replies of 4 MiB behind a quiet stream', GET('/big'), 1200, {
    reads: false,
    behind: '/quiet',
  }),
  pipeline('10 000 small replies behind a quiet stream', GET('/json'), 10_000, {
    reads: false,
    behind: '/quiet',
  }),
  pipeline('10 000 uploads that wait', post('/late', '', 'x'), 10_000),
  pipeline('10 000 bodies that nobody reads', post('/unread', '', '123456789'), 10_000),
  pipeline('10 000 that expect 100', post('/json', EXPECTING, '{"n":1}'), 10_000),
  pipeline('10 000 of HTTP/1.0', 'GET /json HTTP/1.0\r\nhost: a\r\nconnection: keep-alive\r\n\r\n', 10_000),
  pipeline('10 000 of a method without a route', GET('/json').replace('GET', 'PURGE'), 10_000),
]
