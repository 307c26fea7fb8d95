/**
 * A reader that asks and then takes nothing, and later counts to the byte what the kernel had taken
 * for it. HTTP/1.1 and HTTP/2 are spoken in the raw, since a library would read ahead.
 */
import { connect, type Socket } from 'node:net'
import { brotliDecompressSync, constants as zlib, gunzipSync } from 'node:zlib'
import { wait } from '../contract/transport.ts'

export type Spoken = 'HTTP/1.1' | 'HTTP/2' | 'HTTP/2 with a window of 64 KiB'

export interface Asked {
  readonly port: number
  readonly path: string
  readonly spoken: Spoken
  readonly coding: 'identity' | 'gzip' | 'br'
}

export interface StalledReader {
  isClosed(): boolean
  /** Takes all there is and gives the number of body bytes in it. The server must be stopped meanwhile. */
  take(): Promise<number>
  leave(): void
}

export async function stall({ port, path, spoken, coding }: Asked): Promise<StalledReader> {
  const socket = connect(port, '127.0.0.1')
  // Before it connects, or it would begin to read.
  socket.pause()
  socket.on('error', () => {})
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  const received: Buffer[] = []
  socket.on('data', (bytes: Buffer) => received.push(bytes))
  // Listening for data is asking for it.
  if (spoken !== 'HTTP/2 with a window of 64 KiB') socket.pause()
  if (spoken === 'HTTP/1.1')
    socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\naccept-encoding: ${coding}\r\n\r\n`)
  else socket.write(http2Request(path, coding, spoken === 'HTTP/2' ? 0x7fffffff : 65_535))
  return {
    isClosed: () => socket.destroyed,
    async take() {
      await drain(socket, received)
      const all = Buffer.concat(received)
      const payload = spoken === 'HTTP/1.1' ? chunksOf(all) : dataOf(all)
      return decode(payload, coding).byteLength
    },
    leave: () => socket.destroy(),
  }
}

async function drain(socket: Socket, received: Buffer[]): Promise<void> {
  socket.resume()
  for (let before = -1; before !== received.length; await wait(150)) before = received.length
}

function decode(payload: Buffer, coding: Asked['coding']): Buffer {
  if (coding === 'gzip') return gunzipSync(payload, { finishFlush: zlib.Z_SYNC_FLUSH })
  if (coding === 'br') return brotliDecompressSync(payload, { finishFlush: zlib.BROTLI_OPERATION_FLUSH })
  return payload
}

/** The data of a chunked or sized body, also of a chunk that has only begun. */
function chunksOf(all: Buffer): Buffer {
  const headEnd = all.indexOf('\r\n\r\n') + 4
  if (!/transfer-encoding: *chunked/i.test(all.toString('latin1', 0, headEnd))) return all.subarray(headEnd)
  const parts: Buffer[] = []
  for (let at = headEnd; ;) {
    const lineEnd = all.indexOf('\r\n', at)
    if (lineEnd === -1) return Buffer.concat(parts)
    const size = Number.parseInt(all.toString('latin1', at, lineEnd), 16)
    parts.push(all.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}

/** The data of DATA frames (RFC 9113 section 6.1), also of one that has only begun. */
function dataOf(all: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at + 9 <= all.byteLength;) {
    const length = all.readUIntBE(at, 3)
    if (all[at + 3] === 0) parts.push(all.subarray(at + 9, at + 9 + length))
    at += 9 + length
  }
  return Buffer.concat(parts)
}

/** Preface, settings, a window for the connection, and a request: fields as literals (RFC 7541 section 6.2). */
function http2Request(path: string, coding: string, window: number): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)])
  const fields = Buffer.concat([
    Buffer.from([0x82, 0x86]), // :method GET, :scheme http
    Buffer.from([0x04]), // :path
    text(path),
    Buffer.from([0x01]), // :authority
    text('x'),
    Buffer.from([0x00]),
    text('accept-encoding'),
    text(coding),
  ])
  const settings = Buffer.alloc(6)
  settings.writeUInt16BE(4, 0) // INITIAL_WINDOW_SIZE
  settings.writeUInt32BE(window, 2)
  const more = Buffer.alloc(4)
  more.writeUInt32BE(0x7fffffff - 65_535, 0)
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frame(4, 0, 0, settings),
    frame(8, 0, 0, more),
    frame(1, 0x05, 1, fields), // END_STREAM and END_HEADERS
  ])
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.byteLength, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}
