/** Frames of HTTP/2 that cost the server more than the client. */
import type { Attack } from './attack.ts'
import {
  END_HEADERS,
  END_STREAM,
  field,
  frame,
  FRAME,
  INITIAL_WINDOW,
  request,
  requestBlock,
  requests,
  settings,
  uint32,
} from './frame.ts'
import {
  all,
  begin,
  BODY,
  flood,
  once,
  renewed,
  reset,
  STREAMS,
  streamsOf,
  window,
  ZERO_WINDOW,
} from './http2-session.ts'

const FLOOD = 'one connection sends so many bytes'
const priority = frame(FRAME.priority, 0, 3, Buffer.concat([uint32(0), Buffer.from([1])]))
const fields = (count: number, text: string) => Array.from({ length: count }, () => field('x', text))

/** One entry of the dynamic table, and a thousand references to it. */
const references = Buffer.concat([
  requestBlock('GET', '/json'),
  Buffer.from([0x40]),
  field('x', 'y'.repeat(3900)).subarray(1),
  Buffer.alloc(4000, 0x80 | 62),
])

const READERS: readonly Attack[] = [
  ...['/big', '/endless', '/file', '/stream-compressed', '/big-compressed'].map((path) => {
    const block = requestBlock('GET', path, [field('accept-encoding', 'gzip')])
    const gzip = (streams: number) => all(streams, (id) => frame(FRAME.headers, 5, id, block))
    return once(`128 streams of ${path}, no window`, gzip, [ZERO_WINDOW])
  }),
  once(
    '128 streams of /big, not read',
    (streams) => requests(streams, 1, 'GET', '/big'),
    [[INITIAL_WINDOW, 0x7fffffff]],
    false,
  ),
  once(
    '128 streams of /endless, wide windows, not read',
    (streams) => Buffer.concat([requests(streams, 1, 'GET', '/endless'), window(0, 0x7fff0000 - 65_535)]),
    [[INITIAL_WINDOW, 0x7fffffff]],
    false,
  ),
  once('128 streams that wait', (streams) => requests(streams, 1, 'GET', '/wait')),
  once('requests above the limit of streams', (streams) => requests(40 * streams, 1, 'GET', '/wait')),
  {
    name: 'HTTP/2: a window of one byte at a time',
    door: 'http2',
    ms: 1000,
    async run(hostile) {
      const socket = begin(hostile, [ZERO_WINDOW])
      const streams = streamsOf(hostile)
      socket.write(requests(streams, 1, 'GET', '/big'))
      const bytes = all(streams, (id) => window(id, 1))
      const rounds = hostile.times(100)
      await hostile.each(socket, 5, (turn) => turn < rounds && socket.write(bytes))
    },
  },
]

const UPLOADS: readonly Attack[] = [
  once('128 bodies that do not come', (streams) => requests(streams, 1, 'POST', '/whole', BODY)),
  once('128 bodies that nobody reads', (streams) =>
    Buffer.concat([
      requests(streams, 1, 'POST', '/late', BODY),
      all(streams, (id) => frame(FRAME.data, 0, id, Buffer.alloc(500))),
    ]),
  ),
  {
    name: 'HTTP/2: 128 bodies at once, kept',
    door: 'http2',
    ms: 1500,
    alone: FLOOD,
    async run(hostile) {
      const socket = begin(hostile)
      socket.write(requests(STREAMS, 1, 'POST', '/whole', BODY))
      const data = all(STREAMS, (id) => frame(FRAME.data, 0, id, Buffer.alloc(500)))
      await hostile.flood(socket, data, hostile.times(2000))
    },
  },
  flood(
    'DATA of one byte',
    frame(FRAME.data, 0, 1, Buffer.from('x')),
    60_000,
    request(1, 'POST', '/bytes', BODY),
  ),
  flood(
    'DATA of one byte that nobody reads',
    frame(FRAME.data, 0, 1, Buffer.from('x')),
    60_000,
    request(1, 'POST', '/late', BODY),
  ),
  flood('empty DATA', frame(FRAME.data, 0, 1), 500_000, request(1, 'POST', '/bytes', BODY)),
  flood(
    'DATA of padding',
    frame(FRAME.data, 8, 1, Buffer.concat([Buffer.from([255]), Buffer.alloc(255)])),
    200,
    request(1, 'POST', '/bytes', BODY),
  ),
  flood(
    'DATA beyond the window',
    frame(FRAME.data, 0, 1, Buffer.alloc(16_000)),
    1000,
    request(1, 'POST', '/late', BODY),
  ),
]

const FLOODS: readonly Attack[] = [
  flood(
    'CONTINUATION',
    frame(
      FRAME.continuation,
      0,
      1,
      fields(50, 'y'.repeat(200)).reduce((a, b) => Buffer.concat([a, b])),
    ),
    5000,
    request(1, 'GET', '/json', END_STREAM),
  ),
  flood(
    'empty CONTINUATION',
    frame(FRAME.continuation, 0, 1),
    500_000,
    request(1, 'GET', '/json', END_STREAM),
  ),
  flood('PING', frame(FRAME.ping, 0, 0, Buffer.alloc(8)), 300_000),
  flood('PING, not read', frame(FRAME.ping, 0, 0, Buffer.alloc(8)), 300_000, undefined, false),
  flood('SETTINGS', settings([INITIAL_WINDOW, 65_535]), 300_000),
  flood('SETTINGS, not read', settings([INITIAL_WINDOW, 65_535]), 300_000, undefined, false),
  flood(
    'SETTINGS of the most pairs',
    settings(...Array.from({ length: 2000 }, () => [INITIAL_WINDOW, 65_535] as const)),
    2000,
  ),
  flood(
    'windows that change under 128 streams',
    Buffer.concat([settings([INITIAL_WINDOW, 0]), settings([INITIAL_WINDOW, 100_000])]),
    50_000,
    requests(STREAMS, 1, 'GET', '/wait'),
  ),
  flood('PRIORITY', priority, 500_000),
  flood('WINDOW_UPDATE', window(0, 1), 500_000),
  flood('WINDOW_UPDATE of streams that are closed', window(1, 1), 500_000, request(1, 'GET', '/json')),
  flood('RST_STREAM of streams that are closed', reset(1), 500_000, request(1, 'GET', '/json')),
  flood('frames of no known type', frame(99, 0, 0, Buffer.alloc(8)), 500_000),
  flood('large frames of no known type', frame(99, 0, 0, Buffer.alloc(16_384)), 5000),
  flood(
    'ORIGIN and ALTSVC',
    Buffer.concat([frame(12, 0, 0, Buffer.from([0, 1, 97])), frame(10, 0, 0, Buffer.from([0, 1, 97, 98]))]),
    300_000,
  ),
  flood('GOAWAY', frame(FRAME.goaway, 0, 0, Buffer.alloc(8)), 300_000),
  flood('acknowledged SETTINGS nobody sent', frame(FRAME.settings, 1, 0), 300_000),
  flood('acknowledged PING nobody sent', frame(FRAME.ping, 1, 0, Buffer.alloc(8)), 300_000),
]

const STREAM_ATTACKS: readonly Attack[] = [
  renewed('rapid reset', '/wait', reset, END_HEADERS | END_STREAM),
  renewed('rapid reset of quick requests', '/json', reset, END_HEADERS | END_STREAM),
  renewed('rapid reset of bodies', '/whole', reset, BODY),
  renewed('made to reset: a window of zero', '/wait', (id) => window(id, 0), END_HEADERS | END_STREAM),
  renewed(
    'made to reset: a window too large',
    '/wait',
    (id) => Buffer.concat([window(id, 0x7fffffff), window(id, 0x7fffffff)]),
    END_HEADERS | END_STREAM,
  ),
  renewed(
    'made to reset: DATA after the end',
    '/wait',
    (id) => frame(FRAME.data, 0, id, Buffer.from('x')),
    END_HEADERS | END_STREAM,
  ),
  renewed(
    'made to reset: a length that is wrong',
    '/whole',
    (id) => frame(FRAME.data, END_STREAM, id, Buffer.from('x')),
    BODY,
  ),
  renewed('a field that is not allowed', '/json', () => Buffer.alloc(0), END_STREAM),
  once(
    'DATA on a stream that is idle, with a request under way',
    Buffer.concat([request(1, 'GET', '/wait'), frame(FRAME.data, 0, 2)]),
  ),
  once(
    'PUSH_PROMISE, with a request under way',
    Buffer.concat([request(1, 'GET', '/wait'), frame(FRAME.push, 4, 1, Buffer.alloc(8))]),
  ),
  once(
    'half a frame, with a request under way',
    Buffer.concat([request(1, 'GET', '/wait'), frame(FRAME.ping, 0, 0, Buffer.alloc(8)).subarray(0, 12)]),
  ),
  once('a preface and nothing more', Buffer.alloc(0)),
  once('half a head', request(1, 'GET', '/json', 0)),
  once('references to one large field', frame(FRAME.headers, 5, 1, references)),
  once('a thousand fields', frame(FRAME.headers, 5, 1, requestBlock('GET', '/json', fields(1000, 'y')))),
  {
    name: 'HTTP/2: half a preface',
    door: 'http2',
    run: (hostile) => hostile.open(hostile.ports.http2).write('PRI * HTTP/2.0\r\n'),
  },
  {
    name: 'HTTP/2: HTTP/1.1 instead',
    door: 'http2',
    run: (hostile) => hostile.open(hostile.ports.http2).write('GET /json HTTP/1.1\r\nhost: a\r\n\r\n'),
  },
  {
    name: 'HTTP/2: a frame, byte by byte',
    door: 'http2',
    async run(hostile) {
      const socket = begin(hostile)
      socket.setNoDelay(true)
      const bytes = requests(20, 1, 'GET', '/json')
      await hostile.each(
        socket,
        5,
        (turn) => turn < bytes.byteLength && socket.write(bytes.subarray(turn, turn + 1)),
      )
    },
  },
]

/** Those that attack in crowds on CI, too. */
const IN_CI = [
  '128 streams of /big, no window',
  '128 streams of /endless, no window',
  '128 streams that wait',
  '128 bodies that do not come',
  'rapid reset',
  'made to reset: a window of zero',
  'DATA on a stream that is idle, with a request under way',
  'half a frame, with a request under way',
  'a preface and nothing more',
  'half a head',
].map((name) => `HTTP/2: ${name}`)

export const HTTP2_ATTACKS: readonly Attack[] = [...READERS, ...UPLOADS, ...FLOODS, ...STREAM_ATTACKS].map(
  (attack) => ({ ...attack, inCi: IN_CI.includes(attack.name) }),
)
