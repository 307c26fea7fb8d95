/** How a connection of HTTP/2 attacks: the same frame over and over, some frames at once, or ever new streams. */
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Hostile } from '../hostile.ts'
import { type Attack, COSTLY_MS } from './attack.ts'
import { END_HEADERS, frame, FRAME, INITIAL_WINDOW, preface, request, type Setting, uint32 } from './frame.ts'

const FLOOD = 'one connection sends so many bytes'
/** What the server allows at a time. */
export const STREAMS = 128
export const ZERO_WINDOW: Setting = [INITIAL_WINDOW, 0]
export const BODY = END_HEADERS

/** How many streams it uses: all that it may have, or a few when it is one of many. */
export function streamsOf(hostile: Hostile): number {
  return Math.min(STREAMS, hostile.times(8 * STREAMS))
}

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
    ms: 400,
    alone: FLOOD,
    async run(hostile) {
      const socket = begin(hostile, [], reads)
      socket.write(first)
      await hostile.flood(socket, piece, hostile.times(count))
    },
  }
}

/** Some frames, and then nothing. @param frames may depend on how many streams there are. */
export function once(
  name: string,
  frames: Buffer | ((streams: number) => Buffer),
  pairs: readonly Setting[] = [],
  reads = true,
): Attack {
  return {
    name: `HTTP/2: ${name}`,
    door: 'http2',
    ms: 400,
    everyMs: COSTLY_MS,
    run(hostile) {
      const bytes = typeof frames === 'function' ? frames(streamsOf(hostile)) : frames
      begin(hostile, pairs, reads).write(bytes)
    },
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
    ms: 500,
    everyMs: COSTLY_MS,
    async run(hostile) {
      const socket = begin(hostile)
      const rounds = hostile.times(200)
      const size = Math.min(50, streamsOf(hostile))
      for (let round = 0; round < rounds && !hostile.isOver && !socket.destroyed; round++) {
        const streams = Array.from({ length: size }, (_, n) => 1 + 2 * (round * size + n))
        socket.write(Buffer.concat(streams.flatMap((id) => [request(id, 'POST', path, flags), after(id)])))
        await sleep(2)
      }
    },
  }
}

export const window = (stream: number, bytes: number) => frame(FRAME.window, 0, stream, uint32(bytes))
export const reset = (stream: number) => frame(FRAME.reset, 0, stream, uint32(8))
export const all = (streams: number, of: (stream: number) => Buffer) =>
  Buffer.concat(Array.from({ length: streams }, (_, n) => of(2 * n + 1)))
