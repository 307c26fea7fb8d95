/** An honest client beside the hostile ones: it has to get its answer, on each port, in time. */
import { connect, type ClientHttp2Session } from 'node:http2'
import { request } from 'node:http'
import type { Fault } from './judge.ts'
import type { Target } from './target-process.ts'

/**
 * How long an honest request may take, in milliseconds. On a busy machine the fuzzer and others have a share in it, so
 * one that is late may be asked once more, and then gets longer.
 */
const PROBE_MS = 2000
const SECOND_PROBE_MS = 8000
const BODY = '{"hello":"world"}'

export async function probe(target: Target): Promise<Fault | undefined> {
  return (await ask(target, PROBE_MS)) === undefined ? undefined : ask(target, SECOND_PROBE_MS)
}

async function ask(target: Target, ms: number): Promise<Fault | undefined> {
  const asked = {
    'HTTP/1.1': askHttp1(target, ms),
    'HTTP/2': askHttp2(target, 'http2', ms),
    TLS: askHttp2(target, 'https2', ms),
  }
  for (const [name, answer] of Object.entries(asked)) {
    const got = await answer
    if (got !== BODY && target.end === undefined)
      return { oracle: 'probe', what: `${name} answers an honest request with ${got}` }
  }
  return undefined
}

function askHttp1(target: Target, ms: number): Promise<string> {
  return new Promise((resolve) => {
    const options = { port: target.portOf('plain'), host: '127.0.0.1', path: '/json', agent: false }
    const asking = request(options, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (data: string) => (text += data))
      response.on('close', () =>
        resolve(response.statusCode === 200 ? text : `${response.statusCode} ${text}`),
      )
    })
    asking.on('error', (error) => resolve(String(error)))
    asking.setTimeout(ms, () => asking.destroy(new Error('nothing in time')))
    asking.end()
  })
}

function askHttp2(target: Target, port: 'http2' | 'https2', ms: number): Promise<string> {
  return new Promise((resolve) => {
    const scheme = port === 'http2' ? 'http' : 'https'
    const session: ClientHttp2Session = connect(`${scheme}://127.0.0.1:${target.portOf(port)}`, {
      rejectUnauthorized: false,
    })
    let text = ''
    const done = (answer: string) => {
      clearTimeout(timer)
      session.destroy()
      resolve(answer)
    }
    const timer = setTimeout(() => done('nothing in time'), ms)
    session.on('error', (error) => done(String(error)))
    const stream = session.request({ ':path': '/json' })
    stream.on('error', (error) => done(String(error)))
    stream.setEncoding('utf8').on('data', (data: string) => (text += data))
    stream.on('close', () => done(text))
  })
}
