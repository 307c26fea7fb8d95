/**
 * What is measured. A scenario gets one freshly started server that runs alone, warms it up, measures, and returns one
 * number per metric. CPU is the server process's own (all its threads), so a slow load generator cannot hide in it.
 */
import { getJson, repeat, stream } from './client.mjs'
import { download, load, withCpu } from './load.mjs'
import { stalledReader } from './stalled-reader.mjs'

/**
 * @typedef {object} Metric
 * @property {string} key
 * @property {string} label
 * @property {'higher' | 'lower'} better
 * @property {boolean} [bare] without a ratio beside it
 *
 * @typedef {object} Target One line of "must show". Without `against`, `limit` is the metric itself, not a ratio.
 * @property {string} metric
 * @property {string} [against] a server's name, or 'best peer'
 * @property {number} limit
 *
 * @typedef {object} Scenario
 * @property {string} title
 * @property {string} path
 * @property {Metric[]} metrics the first is the one that is drawn
 * @property {Target[]} targets
 * @property {string[]} [servers] only these
 * @property {number} [fileSize] bytes of the file behind `/download`, if it is another
 * @property {number} slices measured so many times in a round
 * @property {(server: Server, size: Size) => Promise<unknown>} warm
 * @property {(server: Server, size: Size) => Promise<Record<string, number>>} run one slice
 *
 * @typedef {typeof full} Size
 * @typedef {import('./launch.mjs').Server} Server
 */

export const full = {
  slices: 6,
  burstFrames: 200_000,
  pacedFrames: 20_000,
  downloads: 6,
  asyncBytes: 8 * 1024 * 1024,
  readers: 50,
}

/** @type {Size} Smoke test: shows that everything runs; its numbers are rough. */
export const quick = {
  slices: 1,
  burstFrames: 40_000,
  pacedFrames: 4_000,
  downloads: 2,
  asyncBytes: 2 * 1024 * 1024,
  readers: 50,
}

/** Bytes of the file behind `/download`. */
export const fileSize = 64 * 1024 * 1024
const largeSize = 512 * 1024 * 1024

/** What `burst` and `paced` do: one long stream, its cost per yield. */
const perYield = (/** @type {string} */ path, /** @type {(size: Size) => number} */ itemsOf) => ({
  async warm(/** @type {Server} */ { port }, /** @type {Size} */ size) {
    for (let i = 0; i < 3; i++) await stream(port, `${path}?frames=${itemsOf(size) / 2}`)
  },
  async run(/** @type {Server} */ server, /** @type {Size} */ size) {
    const items = itemsOf(size)
    const { cpu, seconds } = await withCpu(server, () => stream(server.port, `${path}?frames=${items}`))
    return { cpu: (cpu / items) * 1e6, wall: (seconds / items) * 1e6 }
  },
})
const burst = perYield('/burst', (size) => size.burstFrames)
const shortBurst = '/burst?frames=10000'

/** `readChunks` gives the whole file. The naive loop takes too long for that, so it gives a part. */
const chunksPath = (/** @type {string} */ server, /** @type {Size} */ { asyncBytes }) =>
  server === 'node' ? `/async-download?chunk=1024&bytes=${asyncBytes}` : '/read-chunks?chunk=1024'

/** How much of its core the server got. Well below 100 where it should be busy all the time: another program had the rest. */
const share = /** @type {Metric} */ ({ key: 'share', label: '% of its core', better: 'higher', bare: true })

/** @type {Record<string, Scenario>} */
export const scenarios = {
  json: {
    title: 'JSON route',
    path: '/json',
    metrics: [
      { key: 'rate', label: 'requests/s', better: 'higher' },
      { key: 'cpu', label: 'CPU µs/request', better: 'lower' },
      share,
    ],
    targets: [
      { metric: 'rate', against: 'node', limit: 0.95 },
      { metric: 'rate', against: 'fastify', limit: 1 },
    ],
    slices: 6,
    warm: ({ port }) => load(port, '/json', 1),
    async run(server) {
      const { responses, seconds, cpu } = await withCpu(server, () => load(server.port, '/json', 1))
      return { rate: responses / seconds, cpu: (cpu / responses) * 1e6, share: (cpu / seconds) * 100 }
    },
  },

  burst: {
    title: 'Burst of small yields, one stream',
    path: '/burst?frames=200000',
    metrics: [
      { key: 'cpu', label: 'CPU µs/yield', better: 'lower' },
      { key: 'wall', label: 'wall µs/yield', better: 'lower' },
      { key: 'alone', label: 'nothing sent µs/yield', better: 'lower', bare: true },
    ],
    targets: [
      { metric: 'cpu', against: 'best peer', limit: 0.35 },
      { metric: 'cpu', against: 'node', limit: 0.5 },
    ],
    slices: 4,
    warm: burst.warm,
    async run(server, size) {
      const { burstFrames } = size
      const measured = await burst.run(server, size)
      if (server.name !== 'node') return measured
      const alone = await getJson(server.port, `/burst-alone?frames=${burstFrames}`)
      return { ...measured, alone: (alone.seconds / burstFrames) * 1e6 }
    },
  },

  streams: {
    title: 'Streams of 10 000 yields, 4 connections',
    path: '/burst?frames=10000',
    metrics: [
      { key: 'rate', label: 'requests/s', better: 'higher' },
      { key: 'cpu', label: 'CPU ms/request', better: 'lower' },
      share,
    ],
    targets: [{ metric: 'rate', against: 'fastify', limit: 6 }],
    slices: 3,
    warm: ({ port }) => repeat(port, shortBurst, { connections: 4, seconds: 0.5 }),
    async run(server) {
      const { responses, seconds, cpu } = await withCpu(server, () =>
        repeat(server.port, shortBurst, { connections: 4, seconds: 1 }),
      )
      return { rate: responses / seconds, cpu: (cpu / responses) * 1e3, share: (cpu / seconds) * 100 }
    },
  },

  paced: {
    title: 'One yield per macrotask',
    path: '/paced?frames=20000',
    metrics: [
      { key: 'cpu', label: 'CPU µs/yield', better: 'lower' },
      { key: 'wall', label: 'wall µs/yield', better: 'lower' },
    ],
    targets: [{ metric: 'cpu', against: 'node', limit: 1.15 }],
    slices: 5,
    ...perYield('/paced', (size) => size.pacedFrames),
  },

  download: {
    title: 'File download, 64 MiB',
    path: '/download',
    metrics: [
      { key: 'rate', label: 'MB/s', better: 'higher' },
      { key: 'cpu', label: 'CPU s/GB', better: 'lower' },
    ],
    targets: [{ metric: 'rate', against: 'node', limit: 0.95 }],
    slices: 4,
    async warm({ port }) {
      for (let i = 0; i < 2; i++) await stream(port, '/download')
    },
    async run(server, size) {
      const { bytes, seconds, cpu } = await withCpu(server, async () => {
        const sum = { bytes: 0, seconds: 0 }
        for (let i = 0; i < size.downloads; i++) {
          const one = await stream(server.port, '/download')
          sum.bytes += one.wireBytes
          sum.seconds += one.seconds
        }
        return sum
      })
      return { rate: bytes / 1e6 / seconds, cpu: cpu / (bytes / 1e9) }
    },
  },

  file: {
    title: 'File download, 512 MiB, beside nginx with sendfile',
    path: '/download',
    fileSize: largeSize,
    metrics: [
      { key: 'rate', label: 'MB/s', better: 'higher' },
      { key: 'cpu', label: 'CPU s/GB', better: 'lower' },
      { key: 'rss', label: 'RSS MB', better: 'lower', bare: true },
      share,
    ],
    targets: [
      { metric: 'rate', against: 'nginx', limit: 0.7 },
      { metric: 'rate', against: 'best peer', limit: 1 },
      { metric: 'rate', against: 'node', limit: 1 },
    ],
    slices: 7,
    warm: ({ port }) => download(port, '/download', largeSize),
    async run(server) {
      const { seconds, cpu } = await withCpu(server, async () => ({
        seconds: await download(server.port, '/download', largeSize),
      }))
      const { rss } = await server.stats()
      const gigabytes = largeSize / 1e9
      return {
        rate: largeSize / 1e6 / seconds,
        cpu: cpu / gigabytes,
        rss: rss / 1e6,
        share: (cpu / seconds) * 100,
      }
    },
  },

  'async-download': {
    title: 'Generator that reads 1 KiB at a time',
    path: '/async-download?chunk=1024',
    metrics: [
      { key: 'rate', label: 'MB/s', better: 'higher' },
      { key: 'cpu', label: 'CPU s/GB', better: 'lower' },
      { key: 'alone', label: 'nothing sent MB/s', better: 'higher', bare: true },
    ],
    targets: [],
    slices: 2,
    warm: ({ port }, { asyncBytes }) => stream(port, `/async-download?chunk=1024&bytes=${asyncBytes / 2}`),
    async run(server, { asyncBytes }) {
      const query = `chunk=1024&bytes=${asyncBytes}`
      const { seconds, cpu } = await withCpu(server, () => stream(server.port, `/async-download?${query}`))
      const measured = { rate: asyncBytes / 1e6 / seconds, cpu: cpu / (asyncBytes / 1e9) }
      if (server.name !== 'node') return measured
      const alone = await getJson(server.port, `/async-download-alone?${query}`)
      return { ...measured, alone: alone.size / 1e6 / alone.seconds }
    },
  },

  'read-chunks': {
    title: 'File in 1 KiB chunks: readChunks, naive loop',
    path: '/read-chunks?chunk=1024',
    metrics: [
      { key: 'rate', label: 'MB/s', better: 'higher' },
      { key: 'cpu', label: 'CPU s/GB', better: 'lower' },
    ],
    targets: [{ metric: 'rate', against: 'node', limit: 6 }],
    servers: ['millrace', 'millrace-old', 'node'],
    slices: 3,
    warm: ({ name, port }, size) => stream(port, chunksPath(name, size)),
    async run(server, size) {
      const path = chunksPath(server.name, size)
      const bytes = server.name === 'node' ? size.asyncBytes : fileSize
      const { seconds, cpu } = await withCpu(server, () => stream(server.port, path))
      return { rate: bytes / 1e6 / seconds, cpu: cpu / (bytes / 1e9) }
    },
  },

  memory: {
    title: '50 readers that never read an endless stream',
    path: '/endless',
    metrics: [
      { key: 'held', label: 'held KiB/reader', better: 'lower' },
      { key: 'heldMost', label: 'held KiB, most', better: 'lower', bare: true },
      { key: 'heap', label: 'heap+external KiB', better: 'lower', bare: true },
      { key: 'rss', label: 'RSS KiB', better: 'lower', bare: true },
      { key: 'kernel', label: 'kernel KiB', better: 'lower', bare: true },
    ],
    targets: [{ metric: 'heldMost', limit: 64 }],
    slices: 1, // it ends with the server frozen for good
    warm: ({ port }, { burstFrames }) => stream(port, `/burst?frames=${burstFrames}`),
    async run(server, { readers: count }) {
      const before = await server.stats(true)
      const readers = await Promise.all(
        Array.from({ length: count }, (_, i) => stalledReader(server.port, `/endless?reader=${i}`)),
      )
      try {
        const after = await settled(server, count)
        server.freeze()
        const delivered = await Promise.all(readers.map((reader) => reader.takeFromKernel()))
        const held = delivered.map((bytes, i) => (after.produced[i] ?? 0) - bytes)
        const kib = (/** @type {number} */ bytes) => bytes / 1024
        const mean = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / count
        return {
          held: kib(mean(held)),
          heldMost: kib(Math.max(...held)),
          heap: kib((after.heapUsed + after.external - before.heapUsed - before.external) / count),
          rss: kib((after.rss - before.rss) / count),
          kernel: kib(mean(delivered)),
        }
      } finally {
        for (const reader of readers) reader.close()
      }
    },
  },
}

/** Waits until no reader's generator has made anything for a second, then collects garbage and looks. */
async function settled(/** @type {Server} */ server, /** @type {number} */ count) {
  let last = -1
  for (let quiet = 0, tries = 0; quiet < 4; tries++) {
    if (tries > 80) throw new Error('still producing for stalled readers after 20 s')
    await new Promise((resolve) => setTimeout(resolve, 250))
    const values = Object.values((await server.stats()).produced)
    const sum = values.reduce((total, value) => total + value, 0)
    quiet = values.length === count && sum === last ? quiet + 1 : 0
    last = sum
  }
  return server.stats(true)
}
