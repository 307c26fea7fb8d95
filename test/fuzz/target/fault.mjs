/** Faults that are put back or put in on purpose: each oracle of the fuzzer must find its own. */
import { Server } from 'node:http'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { live } from './live.mjs'

/** How many requests go by between two faults. */
const EVERY = 20

const kept = []

/** Stands in front of what Node does with a request. */
function beforeRequest(handle) {
  const { emit } = Server.prototype
  Server.prototype.emit = function (event, ...values) {
    const isOfHttp1 = event === 'request' && values[0].stream === undefined
    return isOfHttp1 && handle(...values) === false ? true : emit.call(this, event, ...values)
  }
}

const isEvery = (() => {
  let seen = 0
  return () => ++seen % EVERY === 0
})()

let isSlow = false

/** Faults below the app. */
const PATCHES = {
  /** Finding 1 of issue 11, as it was: what a client writes decides which response is made. */
  version: (message) => {
    if (message.httpVersionMajor === 2) throw new TypeError('The response is made by what a client writes')
  },
  /** A request that nobody answers. */
  silence: () => !isEvery(),
  /** A server that from then on answers nobody in time. */
  slow: () => (isSlow ||= isEvery()) === false,
  /** A byte behind the end of a reply. */
  framing: ({ socket }, response) => void (isEvery() && response.once('finish', () => socket.write('x'))),
}

const FAULTS = {
  dependency: () => void live.dependencies++,
  handler: () => void live.handlers++,
  timer: () => void setInterval(() => {}, 1_000_000),
  file: ({ place }, n) => writeFileSync(join(place.saved, `left-${n}`), 'left'),
  memory: () => void kept.push(Buffer.alloc(2 * 1024 * 1024, 1)),
  connection: ({ port }) => void kept.push(connect(port, '127.0.0.1')),
  loop: () => {
    // Of the processor's time, so that it is as long on a busy machine.
    const start = process.cpuUsage()
    while (process.cpuUsage(start).user < 700_000);
  },
  order: (_scene, n, context) => context.head.set('x-id', String(n + 1)),
}

/**
 * The middleware of a fault.
 *
 * @param name one of the faults, `version`, or undefined for none.
 */
export function faultOf(name, scene) {
  if (name === undefined) return []
  if (Object.hasOwn(PATCHES, name)) return (beforeRequest(PATCHES[name]), [])
  const fault = FAULTS[name]
  if (fault === undefined)
    throw new Error(`No such fault: ${name}. There are: ${Object.keys({ ...PATCHES, ...FAULTS })}.`)
  let faults = 0
  const middleware = async (context, next) => {
    if (isEvery()) await fault(scene, ++faults, context)
    return next()
  }
  return [middleware]
}
