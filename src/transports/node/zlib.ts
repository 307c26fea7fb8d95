/** Node's compressors, as we set them up. What is not in every Node is looked for here, and only here. */
import * as zlib from 'node:zlib'
import type { Transform } from 'node:stream'
import type { Chunk } from '../../core/reply/source.ts'
import type { Coding } from '../../wire/content-coding.ts'
import { callback } from './callback.ts'

/** A stream of zlib, until it is told to let go of its memory. */
export type Compressor = Transform & zlib.Zlib

type Callback = (error: Error | null, result: Buffer) => void
type Settings = zlib.ZlibOptions & zlib.BrotliOptions

/** zstd came with Node 22.15 and 23.8; the types are those of Node 20. */
interface Zstd {
  readonly createZstdCompress?: (settings: Settings) => Compressor
  readonly createZstdDecompress?: (settings: Settings) => Compressor
  readonly zstdCompress?: (bytes: Chunk, settings: Settings, done: Callback) => void
  readonly zstdCompressSync?: (bytes: Chunk) => Buffer
  readonly zstdDecompressSync?: (bytes: Uint8Array) => Buffer
  readonly constants: Readonly<Record<string, number>>
}

const { constants } = zlib as unknown as Zstd
export const zstd = zlib as unknown as Zstd

/** The codings that this Node can compress with. */
export const PRODUCED: readonly Coding[] =
  zstd.createZstdCompress === undefined ? ['br', 'gzip'] : ['zstd', 'br', 'gzip']

/**
 * Levels that cost little: a stream holds its compressor for as long as it lasts, and each flush is
 * work. A window of 256 KiB, where there is a choice, is enough for text. Measured with JSON Lines of
 * 90 bytes, memory per stream and input per second of CPU: gzip 285 KB, 36 MB; brotli 630 KB, 50 MB;
 * zstd 218 KB, 150 MB (at its default level 900 KB, 88 MB). They leave a fifth, all three.
 */
const SETTINGS: Readonly<Record<Coding, Settings>> = {
  gzip: { level: 5 },
  br: {
    params: { [constants['BROTLI_PARAM_QUALITY']!]: 4, [constants['BROTLI_PARAM_LGWIN']!]: 18 },
  },
  zstd: {
    params: {
      [constants['ZSTD_c_compressionLevel'] ?? 0]: 1,
      [constants['ZSTD_c_windowLog'] ?? 0]: 18,
    },
  },
}

/** A compressor that lets out with every write all that was written. */
export function createCompressor(coding: Coding): Compressor {
  const settings = SETTINGS[coding]
  if (coding === 'gzip') return zlib.createGzip({ ...settings, flush: zlib.constants.Z_SYNC_FLUSH })
  if (coding === 'br')
    return zlib.createBrotliCompress({ ...settings, flush: zlib.constants.BROTLI_OPERATION_FLUSH })
  return zstd.createZstdCompress!({ ...settings, flush: constants['ZSTD_e_flush']! })
}

/** Threads of libuv's pool: more bodies at a time would only be copied sooner, and wait there (issue 11). */
const THREADS = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4)
const waiting: (() => void)[] = []
let running = 0

/** Compresses a whole body, in a thread of its own, as soon as there is one. */
export async function compress(body: Chunk, coding: Coding): Promise<Buffer> {
  if (running >= THREADS) await new Promise<void>((resolve) => waiting.push(resolve))
  else running++
  try {
    return await runCompressor(body, coding)
  } finally {
    // The thread goes to the next one.
    const next = waiting.shift()
    if (next === undefined) running--
    else next()
  }
}

function runCompressor(body: Chunk, coding: Coding): Promise<Buffer> {
  const run = coding === 'gzip' ? zlib.gzip : coding === 'br' ? zlib.brotliCompress : zstd.zstdCompress!
  return new Promise((resolve, reject) => {
    const done: Callback = (error, result) => {
      if (error === null) resolve(result)
      else reject(error)
    }
    run(body, SETTINGS[coding], callback(done))
  })
}
