/** A server that answers wrongly is not measured: every path is read once in full and compared with what it must be. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { get } from 'node:http'
import { frames, item } from './server/source.mjs'

const hash = async (/** @type {AsyncIterable<Uint8Array | string>} */ bytes) => {
  const sum = createHash('sha256')
  for await (const chunk of bytes) sum.update(chunk)
  return sum.digest('hex')
}

/** @returns {Promise<string>} */
const hashOf = (/** @type {number} */ port, /** @type {string} */ path) =>
  new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false, timeout: 60_000 }, (res) => {
      if (res.statusCode === 200) hash(res).then(resolve, reject)
      else reject(new Error(`${path}: status ${res.statusCode}`))
    }).on('error', reject)
  })

/** @param {import('./launch.mjs').Server} server @param {string} file */
export async function check(server, file) {
  const whole = hash(createReadStream(file))
  if (server.name === 'nginx') return expect({ '/download': whole })
  const part = 100_000
  const expected = {
    '/json': hash(
      (async function* () {
        yield JSON.stringify(item())
      })(),
    ),
    '/burst?frames=1000': hash(frames(1000)),
    '/paced?frames=1000': hash(frames(1000)),
    '/download': whole,
    ...(server.name.startsWith('millrace') ? { '/read-chunks?chunk=1024': whole } : {}),
    [`/async-download?chunk=1024&bytes=${part}`]: hash(createReadStream(file, { end: part - 1 })),
  }
  return expect(expected)

  async function expect(/** @type {Record<string, Promise<string>>} */ answers) {
    for (const [path, right] of Object.entries(answers)) {
      if ((await hashOf(server.port, path)) !== (await right))
        throw new Error(`${server.name} ${path}: not the right bytes`)
    }
  }
}
