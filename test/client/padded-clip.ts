/**
 * The clip of the showcase, made large: behind each of its clusters lies a megabyte that means nothing (a Void
 * element). A player that is sent ahead cannot have loaded what is there.
 */
import { readFileSync } from 'node:fs'

const SEGMENT = '18538067'
const CLUSTER = '1f43b675'
const KEPT = new Set(['1549a966', '1654ae6b'])
const TIMECODE = 0xe7

/** The elements of EBML between two places: their ids, and where they and their contents begin and end. */
function* elements(bytes: Buffer, from: number, to: number) {
  for (let at = from; at < to;) {
    const idLength = Math.clz32(bytes[at]!) - 23
    const sizeAt = at + idLength
    const sizeLength = Math.clz32(bytes[sizeAt]!) - 23
    let size = bytes[sizeAt]! & (0xff >> sizeLength)
    for (let n = 1; n < sizeLength; n++) size = size * 256 + bytes[sizeAt + n]!
    const start = sizeAt + sizeLength
    yield { id: bytes.toString('hex', at, sizeAt), at, start, end: Math.min(start + size, to) }
    at = start + size
  }
}

const uint = (value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

/** An element whose size takes eight bytes, whatever it is. */
function element(id: string, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  const size = uint(content.length)
  size[0] = 0x01
  return Buffer.concat([Buffer.from(id, 'hex'), size, content])
}

function index(clusters: readonly { readonly time: number; readonly position: number }[]): Buffer {
  const points = clusters.map(({ time, position }) =>
    element(
      'bb',
      element('b3', uint(time)),
      element('b7', element('f7', uint(1)), element('f1', uint(position))),
    ),
  )
  return element('1c53bb6b', ...points)
}

export function padClip(path: string, padding: number): Buffer {
  const bytes = readFileSync(path)
  const segment = [...elements(bytes, 0, bytes.length)].find(({ id }) => id === SEGMENT)!
  const inside = [...elements(bytes, segment.start, segment.end)]
  const heads = inside.filter(({ id }) => KEPT.has(id)).map(({ at, end }) => bytes.subarray(at, end))
  const pad = element('ec', Buffer.alloc(padding))
  const clusters = inside
    .filter(({ id }) => id === CLUSTER)
    .map(({ at, start, end }) => {
      const timecode = [...elements(bytes, start, end)].find(({ id }) => id === TIMECODE.toString(16))!
      const time = Number(BigInt(`0x${bytes.toString('hex', timecode.start, timecode.end)}`))
      return { time, bytes: Buffer.concat([bytes.subarray(at, end), pad]) }
    })
  // The index has the same size whatever is in it.
  let position = heads.reduce((sum, { length }) => sum + length, 0)
  position += index(clusters.map(({ time }) => ({ time, position: 0 }))).length
  const places = clusters.map(({ time, bytes: { length } }) => {
    const place = { time, position }
    position += length
    return place
  })
  return Buffer.concat([
    bytes.subarray(0, segment.at),
    element(SEGMENT, ...heads, index(places), ...clusters.map((cluster) => cluster.bytes)),
  ])
}
