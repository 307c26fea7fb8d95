/** Runs attacks against a server in a process of its own, and says what they cost. */
import { setTimeout as sleep } from 'node:timers/promises'
import { certificate } from '../contract/certificate.ts'
import type { Attack } from './attack/attack.ts'
import { HANDSHAKE, message, preface, requests } from './attack/frame.ts'
import { Child, type Door } from './child.ts'
import { Hostile } from './hostile.ts'

const MIB = 1024 * 1024
const DEFAULT_MS = 300
/** How long what was sent may take until it is measured. */
const ARRIVAL_MS = 100
/** How long a server may take to let go of clients that have left. */
const SETTLE_MS = 3000
/** What a server may have kept of earlier attacks until it is replaced, in MiB. */
const MOST_KEPT = 8

export interface Mark {
  readonly rss: number
  readonly sockets: number
}

export interface Reading {
  readonly peak: number
  readonly held: number
  readonly longestMs: number
  readonly longestWallMs: number
  readonly sockets: number
}

/** What a lone attacker cost. */
export interface Cost {
  /** The most memory that the process had above what it began with, in MiB. */
  readonly peakMib: number
  /** The same when garbage has been collected and the attacker is still there. */
  readonly heldMib: number
  /** The longest that the event loop stood still, in milliseconds of the processor. */
  readonly blockMs: number
  /** The same by the clock on the wall. */
  readonly blockWallMs: number
  /** Connections that are there after it left. */
  readonly left: number
  readonly survived: boolean
}

/** A server that is replaced when it has grown, so that each attack finds a fresh one, and its honest clients. */
export class Bench {
  readonly #script: string
  #server: Child | undefined
  #freshRss = 0
  readonly #honest = new Map<Door, Child>()

  constructor(script = 'victim.mjs') {
    this.#script = script
  }

  /** A server that has nothing on it. */
  async server(): Promise<Child> {
    if (this.#server !== undefined) {
      const { rss } = await this.#server.ask<Mark>('mark').catch(() => ({ rss: Infinity }))
      if (rss - this.#freshRss <= MOST_KEPT * MIB) return this.#server
      this.stop()
    }
    this.#server = await Child.start(this.#script, JSON.stringify({ tls: certificate() }))
    await warmUp(this.#server)
    this.#freshRss = (await this.#server.ask<Mark>('mark')).rss
    return this.#server
  }

  /** An honest client of the present server. */
  async honest(server: Child, door: Door): Promise<Child> {
    let client = this.#honest.get(door)
    if (client === undefined) {
      client = await Child.start('honest.mjs', door, String(server.ports[door]), String(server.pid))
      this.#honest.set(door, client)
    }
    return client
  }

  stop(): void {
    for (const client of [...this.#honest.values(), this.#server]) client?.stop()
    this.#honest.clear()
    this.#server = undefined
  }
}

const NO_READING: Reading = { peak: NaN, held: NaN, longestMs: NaN, longestWallMs: NaN, sockets: 0 }

/** What runs for the first time is compiled, and buffers are made that stay. Attackers are not to pay for it. */
async function warmUp(server: Child): Promise<void> {
  const hostile = new Hostile(server.ports, 1)
  const asked = 'GET /json HTTP/1.1\r\nhost: a\r\n\r\n'
  const posted =
    'POST /json HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n{"n":1}'
  const plain = hostile.open(server.ports.http1)
  const session = hostile.open(server.ports.http2)
  session.write(preface())
  const websocket = hostile.open(server.ports.http1)
  websocket.write(HANDSHAKE('/echo'))
  hostile.openTls('http/1.1').write(asked)
  for (let round = 0; round < 20; round++) {
    plain.write(asked.repeat(20) + posted.repeat(20))
    session.write(requests(50, 1 + round * 100, 'GET', '/json'))
    websocket.write(Buffer.concat(Array.from({ length: 50 }, () => message(0x81, 'x'))))
    await sleep(10)
  }
  hostile.end()
  await sleep(50)
}

export async function measureAlone(server: Child, attack: Attack): Promise<Cost> {
  const before = await server.ask<Mark>('mark')
  const hostile = new Hostile(server.ports, 1)
  const sent = Promise.resolve(attack.run(hostile)).then(() => sleep(ARRIVAL_MS))
  await Promise.race([sent, sleep(attack.ms ?? DEFAULT_MS)])
  const during = await server.ask<Reading>('read').catch(() => NO_READING)
  hostile.end()
  const left = await settle(server, before.sockets)
  return {
    peakMib: during.peak / MIB,
    heldMib: during.held / MIB,
    blockMs: during.longestMs,
    blockWallMs: during.longestWallMs,
    left,
    survived: server.isAlive,
  }
}

/** Waits until clients that have left are gone. @returns how many connections stay. */
export async function settle(server: Child, expected: number): Promise<number> {
  const until = performance.now() + SETTLE_MS
  for (;;) {
    const { sockets } = await server.ask<Reading>('read').catch(() => ({ sockets: NaN }))
    if (!(sockets > expected) || performance.now() > until) return sockets - expected
    await sleep(20)
  }
}
