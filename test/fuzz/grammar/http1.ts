/** Requests of HTTP/1, right and wrong. */
import type { Random } from '../../promise/random.ts'
import { type Input, send } from '../input.ts'
import { manners } from '../mutation.ts'
import { type Body, body, frame } from './body.ts'
import { field, fields } from './field.ts'
import { READING, target, WRITING } from './target.ts'

const METHODS = ['GET', 'GET', 'GET', 'HEAD', 'POST', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY']
const ODD_METHODS = [
  'TRACE',
  'CONNECT',
  'PRI',
  'get',
  'PROPFIND',
  'FOO',
  'G\0T',
  '',
  'M-SEARCH',
  'A'.repeat(300),
]
const ODD_VERSIONS = [
  'HTTP/2.0',
  'HTTP/2.0',
  'HTTP/1.0',
  'HTTP/1.0',
  'HTTP/0.9',
  'HTTP/1.2',
  'HTTP/3.0',
  'HTTP/1.1 ',
  'HTTP/11',
  'http/1.1',
  'HTTP/1',
  'RTSP/1.0',
  'ICE/1.0',
  '',
]
const ODD_HOSTS = [
  'Host: a\r\nHost: b\r\n',
  'Host: a b/c@d\r\n',
  'Host: \r\n',
  'Host: [\r\n',
  'Host: x:99999\r\n',
  'Host: user:pass@x\r\n',
  'Host : a\r\n',
  ' Host: a\r\n',
  '',
]

const pipelines = ['plain', 'plain', 'plain', 'plain', 'https1'] as const

export function http1(random: Random): Input {
  if (random.chance(0.3)) return honest(random)
  const count = random.chance(0.6) ? 1 : random.between(2, random.chance(0.1) ? 60 : 8)
  const steps = Array.from({ length: count }, (_, i) => send(request(random, i + 1)))
  const merged = random.chance(0.7)
    ? [send(Buffer.concat(steps.flatMap((step) => (step.kind === 'send' ? [step.bytes] : []))))]
    : steps
  return { grammar: 'http1', port: random.pick(pipelines), steps: merged, ...manners(random) }
}

/** Requests that are right: each gets a reply, in their order. */
function honest(random: Random): Input {
  const count = random.chance(0.5) ? 1 : random.between(2, 6)
  const ids = Array.from({ length: count }, (_, i) => i + 1)
  const pieces = ids.map((id) => {
    const isReading = random.chance(0.6)
    const path = random.pick(isReading ? READING : WRITING)
    const sent: Body | undefined = isReading ? undefined : body(random, path, true)
    const method = isReading ? random.pick(['GET', 'GET', 'HEAD']) : 'POST'
    const extra = random.chance(0.5) ? field(random, true) : ''
    const head = `${method} ${path} HTTP/1.1\r\nHost: a\r\nX-Id: ${id}\r\n${extra}`
    return sent === undefined ? Buffer.from(`${head}\r\n`, 'latin1') : frame(random, head, sent, true)
  })
  const steps = [send(Buffer.concat(pieces))]
  const { patience } = manners(random)
  return {
    grammar: 'http1',
    port: random.pick(pipelines),
    steps,
    end: 'close',
    reads: true,
    patience,
    expects: ids,
  }
}

/** One request; most of it is right. */
function request(random: Random, id: number): Buffer {
  const method = random.chance(0.06) ? random.pick(ODD_METHODS) : random.pick(METHODS)
  const { path, isWriting } = target(random)
  const version = random.chance(0.08) ? random.pick(ODD_VERSIONS) : 'HTTP/1.1'
  const host = random.chance(0.06) ? random.pick(ODD_HOSTS) : 'Host: a\r\n'
  const wanted = isWriting && random.chance(0.8) && method === 'GET' ? 'POST' : method
  const head = `${wanted} ${path} ${version}\r\n${host}X-Id: ${id}\r\n${fields(random)}`
  const hasBody = isWriting ? random.chance(0.9) : random.chance(0.1)
  if (!hasBody) return Buffer.from(`${head}\r\n`, 'latin1')
  return frame(random, head, body(random, path, random.chance(0.6)), false)
}
