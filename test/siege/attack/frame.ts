/** Frames of HTTP/2 (RFC 9113) and of WebSocket (RFC 6455), by hand, right or wrong. */

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const
export const END_STREAM = 1
export const END_HEADERS = 4

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array()) {
  const bytes = Buffer.alloc(9 + payload.byteLength)
  bytes.writeUIntBE(payload.byteLength, 0, 3)
  bytes[3] = type
  bytes[4] = flags
  bytes.writeUInt32BE(stream, 5)
  bytes.set(payload, 9)
  return bytes
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export type Setting = readonly [name: number, value: number]
export const INITIAL_WINDOW = 4

export function settings(...pairs: readonly Setting[]): Buffer {
  const bytes = Buffer.alloc(pairs.length * 6)
  for (const [at, [name, value]] of pairs.entries()) {
    bytes.writeUInt16BE(name, at * 6)
    bytes.writeUInt32BE(value, at * 6 + 2)
  }
  return frame(FRAME.settings, 0, 0, bytes)
}

/** How a client begins. */
export function preface(...pairs: readonly Setting[]): Buffer {
  return Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), settings(...pairs)])
}

/** A string of HPACK, not compressed (RFC 7541 section 5.2). */
function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  if (bytes.byteLength < 127) return Buffer.concat([Buffer.from([bytes.byteLength]), bytes])
  const length = [127]
  let rest = bytes.byteLength - 127
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128)
  return Buffer.concat([Buffer.from([...length, rest]), bytes])
}

/** A field that is not put into the dynamic table. */
export function field(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), literal(name), literal(value)])
}

export function requestBlock(method: string, path: string, fields: readonly Buffer[] = []): Buffer {
  const pseudo = [
    field(':method', method),
    field(':path', path),
    field(':scheme', 'http'),
    field(':authority', 'a'),
  ]
  return Buffer.concat([...pseudo, ...fields])
}

export function request(stream: number, method: string, path: string, flags = END_HEADERS | END_STREAM) {
  return frame(FRAME.headers, flags, stream, requestBlock(method, path))
}

/** So many requests, on the streams that follow. */
export function requests(count: number, first: number, method: string, path: string, flags?: number) {
  return Buffer.concat(Array.from({ length: count }, (_, n) => request(first + 2 * n, method, path, flags)))
}

export const HANDSHAKE = (path: string) =>
  `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
  'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

/** A masked frame of WebSocket, with a mask of zeros. `opcode` is the whole first byte. */
export function message(opcode: number, payload: Uint8Array | string = ''): Buffer {
  const bytes = Buffer.from(payload as string)
  const { byteLength } = bytes
  let head = Buffer.from([opcode, 0x80 | byteLength])
  if (byteLength > 125 && byteLength < 65_536) {
    head = Buffer.from([opcode, 0xfe, byteLength >> 8, byteLength & 255])
  } else if (byteLength >= 65_536) {
    head = Buffer.alloc(10)
    head[0] = opcode
    head[1] = 0xff
    head.writeBigUInt64BE(BigInt(byteLength), 2)
  }
  return Buffer.concat([head, Buffer.alloc(4), bytes])
}
