/** The content codings that Node's zlib undoes, for request bodies. */
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { pipeline } from 'node:stream'
import { corrupt } from '../../core/body/decompression.ts'
import type { ContentCodings } from '../../core/incoming.ts'
import { type Compressor, PRODUCED, zstd } from './zlib.ts'

/** The largest window a zstd frame may ask for: 8 MiB, which is what RFC 9659 allows over HTTP. */
const ZSTD_WINDOW_LOG = 23

type Create = () => Compressor

const DECODERS: Readonly<Record<string, Create>> = {
  ...(tellsTruncation() ? { zstd: createZstd } : undefined),
  br: createBrotliDecompress as Create,
  gzip: createGunzip as Create,
  deflate: createInflate as Create,
}

/** What Node can do with content codings. */
export const zlibCodings: ContentCodings = {
  produces: PRODUCED,
  reads: Object.keys(DECODERS),
  decode: (coding, bytes) => decode(coding, DECODERS[coding]!(), bytes),
}

function createZstd(): Compressor {
  return zstd.createZstdDecompress!({ params: { [zstd.constants['ZSTD_d_windowLogMax']!]: ZSTD_WINDOW_LOG } })
}

/** Node 22 takes the beginning of a zstd frame for all of it. Where it does, zstd is not taken from clients. */
function tellsTruncation(): boolean {
  const whole = zstd.zstdCompressSync?.('millrace')
  if (whole === undefined || zstd.zstdDecompressSync === undefined) return false
  try {
    zstd.zstdDecompressSync(whole.subarray(0, -3))
    return false
  } catch {
    return true
  }
}

/**
 * The memory of it is that of the decoder and its two buffers of 16 KiB: it reads on when somebody asks,
 * also in the middle of a chunk that becomes large.
 */
async function* decode(
  coding: string,
  decoder: Compressor,
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let sent = 0
  let failed: { readonly error: unknown } | undefined
  const feed = async function* () {
    try {
      for await (const chunk of bytes) {
        sent += chunk.byteLength
        yield chunk
      }
    } catch (error) {
      failed = { error }
      throw error
    }
  }
  // What goes wrong is told to whoever reads the decoder.
  pipeline(feed, decoder, () => {})
  try {
    yield* decoder as AsyncIterable<Uint8Array>
  } catch {
    throw failed === undefined ? corrupt(coding) : failed.error
  } finally {
    decoder.destroy()
  }
  // It ends early when something follows that it takes no interest in.
  if (decoder.bytesWritten !== sent) throw corrupt(coding)
}
