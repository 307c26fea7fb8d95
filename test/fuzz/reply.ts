/** Reads what a server sent on a connection of HTTP/1, and says what is wrong with it. */

export interface Reply {
  readonly status: number
  /** The id of the request that it answers, if that came to the app. */
  readonly id: number | undefined
  readonly isWhole: boolean
}

export interface Replies {
  readonly replies: readonly Reply[]
  /** What is not HTTP about it. */
  readonly fault: string | undefined
  /** The bytes behind a 101. */
  readonly upgraded: Buffer | undefined
}

const STATUS_LINE = /^HTTP\/1\.1 [1-5]\d\d [\t\x20-\x7e\x80-\xff]*$/
const FIELD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/

/** @param ended whether no more will come. */
export function readReplies(received: Buffer): Replies {
  const replies: Reply[] = []
  let at = 0
  while (at < received.length) {
    const end = received.indexOf('\r\n\r\n', at)
    if (end === -1) {
      const fault = startsLikeHead(received.subarray(at))
        ? undefined
        : `after ${replies.length} replies: ${excerpt(received, at)}`
      return { replies, fault, upgraded: undefined }
    }
    const head = readHead(received.toString('latin1', at, end))
    if (typeof head === 'string')
      return { replies, fault: `${head}, after ${replies.length} replies`, upgraded: undefined }
    at = end + 4
    if (head.status === 101) return { replies, fault: undefined, upgraded: received.subarray(at) }
    if (head.status < 200) continue
    const body = readBody(received, at, head)
    if (typeof body === 'string') return { replies, fault: body, upgraded: undefined }
    replies.push({ status: head.status, id: head.id, isWhole: body.isWhole })
    at = body.end
  }
  return { replies, fault: undefined, upgraded: undefined }
}

const startsLikeHead = (rest: Buffer): boolean =>
  'HTTP/1.1 '.startsWith(rest.toString('latin1', 0, Math.min(9, rest.length)))

const excerpt = (bytes: Buffer, at: number): string => JSON.stringify(bytes.toString('latin1', at, at + 120))

interface Head {
  readonly status: number
  readonly fields: ReadonlyMap<string, string>
  readonly id: number | undefined
}

function readHead(text: string): Head | string {
  const [line = '', ...lines] = text.split('\r\n')
  if (!STATUS_LINE.test(line)) return `no status line: ${JSON.stringify(line.slice(0, 120))}`
  const fields = new Map<string, string>()
  for (const each of lines) {
    if (!FIELD.test(each)) return `no header field: ${JSON.stringify(each.slice(0, 120))}`
    const name = each.slice(0, each.indexOf(':')).toLowerCase()
    if (SINGLE.has(name) && fields.has(name)) return `${name} twice`
    fields.set(name, each.slice(each.indexOf(':') + 1).trim())
  }
  if (fields.has('content-length') && fields.has('transfer-encoding'))
    return 'a length beside a transfer coding'
  const id = fields.get('x-id')
  return { status: Number(line.slice(9, 12)), fields, id: id === undefined ? undefined : Number(id) }
}

/** Fields that frame a message must not come twice. */
const SINGLE = new Set(['content-length', 'transfer-encoding', 'x-id'])

interface Body {
  readonly end: number
  readonly isWhole: boolean
}

function readBody(received: Buffer, at: number, { status, fields }: Head): Body | string {
  const left = received.length - at
  if (status === 204 || status === 304 || fields.get('x-method') === 'HEAD') return { end: at, isWhole: true }
  if (fields.get('transfer-encoding') !== undefined) return readChunks(received, at)
  const length = fields.get('content-length')
  // The connection's end is the body's.
  if (length === undefined) return { end: received.length, isWhole: true }
  if (!/^\d+$/.test(length)) return `a length that is no number: ${length}`
  // A reply that the app has not seen may be that of a HEAD.
  const isOfHead =
    fields.get('x-method') === undefined &&
    (left === 0 || received.toString('latin1', at, at + 9) === 'HTTP/1.1 ')
  if (isOfHead) return { end: at, isWhole: true }
  return { end: Math.min(received.length, at + Number(length)), isWhole: left >= Number(length) }
}

function readChunks(received: Buffer, start: number): Body | string {
  let at = start
  for (;;) {
    const end = received.indexOf('\r\n', at)
    if (end === -1) return { end: received.length, isWhole: false }
    const size = received.toString('latin1', at, end)
    if (!/^[0-9a-fA-F]{1,8}$/.test(size)) return `no chunk size: ${excerpt(received, at)}`
    at = end + 2
    if (Number.parseInt(size, 16) === 0) return readTrailers(received, at)
    at += Number.parseInt(size, 16)
    if (at + 2 > received.length) return { end: received.length, isWhole: false }
    if (received.toString('latin1', at, at + 2) !== '\r\n')
      return `a chunk without its end: ${excerpt(received, at)}`
    at += 2
  }
}

function readTrailers(received: Buffer, start: number): Body {
  let at = start
  for (;;) {
    const end = received.indexOf('\r\n', at)
    if (end === -1) return { end: received.length, isWhole: false }
    if (end === at) return { end: at + 2, isWhole: true }
    at = end + 2
  }
}
