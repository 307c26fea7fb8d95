/** Many hostile connections of one kind, and an honest client beside them. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Attack } from './attack/attack.ts'
import type { Child } from './child.ts'
import { Hostile } from './hostile.ts'
import { type Mark, settle } from './measure.ts'

/** How much of the strength of a lone attacker each of many has. */
const SHARE = 1 / 500
/** How long after another one comes, in milliseconds. */
const EVERY_MS = 2
/** What an honest client may have open, at a moment when connections are counted. */
const HONEST_CONNECTIONS = 3

interface Answers {
  readonly times: readonly number[]
  readonly failures: Readonly<Record<string, number>>
}

/** What an honest client has seen. */
export interface Service {
  readonly p50: number
  readonly p99: number
  readonly asked: number
  /** Requests without a good answer, by what went wrong. */
  readonly failures: Readonly<Record<string, number>>
  /** Connections that are there after all attackers have left. */
  readonly left: number
  readonly survived: boolean
}

export interface Crowd {
  readonly connections: number
  /** How long they stay when all of them have come, in milliseconds. */
  readonly stayMs: number
}

export async function measureCrowd(
  server: Child,
  honest: Child,
  attack: Attack,
  crowd: Crowd,
): Promise<Service> {
  const before = await server.ask<Mark>('mark')
  await honest.ask('times')
  const hostiles = await arrive(server, attack, crowd)
  await sleep(crowd.stayMs)
  const { times, failures } = await honest.ask<Answers>('times')
  for (const hostile of hostiles) hostile.end()
  const left = await settle(server, before.sockets + HONEST_CONNECTIONS)
  return {
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    asked: times.length,
    failures,
    left: Math.max(0, left),
    survived: server.isAlive,
  }
}

async function arrive(server: Child, attack: Attack, { connections }: Crowd): Promise<Hostile[]> {
  const hostiles: Hostile[] = []
  const began = performance.now()
  for (let n = 0; n < connections; n++) {
    const hostile = new Hostile(server.ports, SHARE)
    hostiles.push(hostile)
    void Promise.resolve(attack.run(hostile)).catch(() => {})
    const early = began + n * (attack.everyMs ?? EVERY_MS) - performance.now()
    if (early > 1) await sleep(early)
  }
  return hostiles
}

function quantile(times: readonly number[], part: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length * part)] ?? Infinity
}
