/** Many hostile connections of one kind, and an honest client beside them. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Attack } from './attack/attack.ts'
import type { Child } from './child.ts'
import { Hostile } from './hostile.ts'
import { type Mark, settle } from './measure.ts'

/** How much of the strength of a lone attacker each of many has. */
const SHARE = 1 / 200
/** How many connect at once. */
const BATCH = 10

interface Answers {
  readonly times: readonly number[]
  readonly failures: Readonly<Record<string, number>>
}

/** What an honest client has seen. */
export interface Service {
  readonly p50: number
  readonly p99: number
  readonly asked: number
  /** Requests that had no good answer, by what went wrong. */
  readonly failures: Readonly<Record<string, number>>
  /** Connections that are there after all attackers have left. */
  readonly left: number
  readonly survived: boolean
}

export interface Crowd {
  readonly connections: number
  /** How long they take to connect, and how long they stay then, in milliseconds. */
  readonly arrivalMs: number
  readonly stayMs: number
}

export async function measureCrowd(
  server: Child,
  honest: Child,
  attack: Attack,
  { connections, arrivalMs, stayMs }: Crowd,
): Promise<Service> {
  const before = await server.ask<Mark>('mark')
  await honest.ask('times')
  const hostiles: Hostile[] = []
  const began = performance.now()
  for (let n = 0; n < connections; n++) {
    const hostile = new Hostile(server.ports, SHARE)
    hostiles.push(hostile)
    void Promise.resolve(attack.run(hostile)).catch(() => {})
    const due = began + (n / connections) * arrivalMs
    if (n % BATCH === 0) await sleep(Math.max(1, due - performance.now()))
  }
  await sleep(stayMs)
  const { times, failures } = await honest.ask<Answers>('times')
  for (const hostile of hostiles) hostile.end()
  const left = await settle(server, before.sockets)
  const sorted = times.toSorted((a, b) => a - b)
  const at = (part: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Infinity
  return { p50: at(0.5), p99: at(0.99), asked: times.length, failures, left, survived: server.isAlive }
}
