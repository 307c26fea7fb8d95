/**
 * A server for readers that do not read: it counts what its sources make, and tells over IPC what is
 * held. With the argument `naive` it pushes as fast as it can and never looks back.
 */
import { randomBytes } from 'node:crypto'
import { channel } from 'node:diagnostics_channel'
import { readdirSync } from 'node:fs'
import { createServer } from 'node:http'

const [mode] = process.argv.slice(2)

const seen = { produced: 0, producedAt: 0, live: 0, endings: [] }
const sockets = new Set()
channel('net.server.socket').subscribe(({ socket }) => {
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
})

/** Letters that do not repeat for long: what cannot be compressed much makes a held byte a held byte. */
const PAD = randomBytes(24 * 1024 * 1024).toString('base64')
const BIG = randomBytes(10 * 1024 * 1024)
const SMALL = BIG.subarray(0, 1000)
const LARGE = 640_000

const count = (bytes) => {
  seen.produced += bytes
  seen.producedAt = performance.now()
}

let at = 0

/** The next `length` letters. */
function letters(length) {
  if (at + length > PAD.length) at = 0
  at += length
  return PAD.slice(at - length, at)
}

/** Yields forever. `size` is what an item is on the wire. */
async function* endless(item, size) {
  seen.live++
  try {
    for (let i = 0; ; i++) {
      count(size)
      yield typeof item === 'function' ? item() : item
      // A source that does a little work between its items, as most do.
      if (i % 64 === 63) await new Promise(setImmediate)
    }
  } finally {
    seen.live--
  }
}

function* endlessSync(item, size) {
  seen.live++
  try {
    for (;;) {
      count(size)
      yield item()
    }
  } finally {
    seen.live--
  }
}

const FILE_BYTES = 1024 * 1024 * 1024
const BLOCK = 1024 * 1024

/** A file that is counted while it is read, and that has to be closed. */
const countedFile = {
  name: 'large.bin',
  async open() {
    seen.live++
    return {
      size: FILE_BYTES,
      async read(target, position) {
        const bytes = Math.min(target.byteLength, FILE_BYTES - position)
        BIG.copy(Buffer.from(target.buffer, target.byteOffset, bytes), 0, 0, Math.min(bytes, BIG.length))
        count(bytes)
        return bytes
      },
      async close() {
        seen.live--
      },
    }
  },
}

const note = ({ outcome, error }) => {
  seen.endings.push({ outcome, code: error?.code, at: performance.now() })
}

async function startMillrace() {
  const { App, bytes, jsonArray, jsonl, jsonSeq, reply, sse, text } = await import('millrace')
  const app = new App({ compress: { events: true }, timeouts: { stall: 60_000 } })
  const line = () => letters(1000)
  const row = () => ({ pad: letters(900) })
  const json = JSON.stringify(row()).length
  const routes = {
    text: [text, () => endless(line, 1000)],
    'text-sync': [text, () => endlessSync(line, 1000)],
    'text-large': [text, () => endless(() => letters(LARGE), LARGE)],
    'bytes-small': [bytes('text/x-bytes'), () => endless(SMALL, SMALL.length)],
    'bytes-10-mb': [bytes('text/x-bytes'), () => endless(BIG, BIG.length)],
    jsonl: [jsonl(), () => endless(row, json + 1)],
    'json-seq': [jsonSeq(), () => endless(row, json + 2)],
    'json-array': [jsonArray(), () => endless(row, json + 2)],
    sse: [sse(), () => endless(row, json + 8)],
  }
  const copying = async (_, next) =>
    (await next()).transform(async function* (chunks) {
      for await (const chunk of chunks) yield chunk
    })
  for (const [prefix, timeouts] of Object.entries({ held: {}, freed: { stall: 300 } })) {
    for (const [name, [streams, make]] of Object.entries(routes)) {
      app.get(`/${prefix}/${name}`, { streams, timeouts }, ({ after }) => {
        after(note)
        return make()
      })
    }
    app.get(
      `/${prefix}/transformed`,
      { streams: text, timeouts, middleware: [copying, copying] },
      ({ after }) => {
        after(note)
        return endless(line, 1000)
      },
    )
    app.get(`/${prefix}/file`, { timeouts }, ({ after }) => {
      after(note)
      return reply.file(countedFile)
    })
  }
  const options = { port: 0, signals: false }
  const [http1, http2] = [await app.listen(options), await app.listen({ ...options, http2: true })]
  return { http1: http1.port, http2: http2.port }
}

/** Writes whatever comes, whether anybody takes it or not; or waits, but with a whole block in its hands. */
async function startNaive() {
  const server = createServer(async (request, response) => {
    seen.live++
    response.on('error', () => {})
    if (request.url === '/blocks') {
      for (let left = FILE_BYTES; left > 0 && !response.destroyed; left -= BLOCK) {
        count(BLOCK)
        await new Promise((resolve) => response.write(Buffer.allocUnsafeSlow(BLOCK), resolve))
      }
      return
    }
    for (let i = 0; i < 40; i++) {
      for (let k = 0; k < 1000; k++) {
        count(SMALL.length)
        response.write(SMALL)
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { http1: server.address().port, http2: 0 }
}

const ports = await (mode === 'naive' ? startNaive() : startMillrace())

process.on('message', (message) => {
  if (message === 'forget') {
    seen.produced = 0
    seen.endings = []
  }
  // What a buffer holds shows only when what nothing holds is gone.
  globalThis.gc()
  const queued = [...sockets].reduce((sum, socket) => sum + socket.writableLength, 0)
  process.send({
    ...seen,
    queued,
    descriptors: readdirSync('/proc/self/fd').length,
    ...process.memoryUsage(),
  })
})
process.on('disconnect', () => process.exit(0))
process.send(ports)
