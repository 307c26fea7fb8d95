import { Source } from '../../src/core/reply/source.ts'
import type { PumpLimits, Sink } from '../../src/stream/outflow.ts'
import { Pump, type PumpEnding } from '../../src/stream/pump.ts'

/** A sink that keeps what it is given, and takes as much as it is told to. */
export class FakeSink implements Sink {
  readonly writes: (string | Uint8Array)[] = []
  /** What happened, in order: `write`, `end`, `abort`, `open`, `destroy`. */
  readonly events: string[] = []
  aborted: unknown
  /** Bytes (or UTF-16 units) it takes before it wants no more. */
  capacity = Infinity
  readonly macrotask = setImmediate as Sink['macrotask']
  readonly defer = process.nextTick as Sink['defer']

  write(chunk: string | Uint8Array): boolean {
    this.writes.push(chunk)
    this.events.push('write')
    this.capacity -= chunk.length
    return this.capacity > 0
  }

  end(): void {
    this.events.push('end')
  }

  abort(error: unknown): void {
    this.aborted = error
    this.events.push('abort')
  }

  open(): void {
    this.events.push('open')
  }

  destroy(): void {
    this.events.push('destroy')
  }

  /** Everything as text. */
  get text(): string {
    const decoder = new TextDecoder()
    return this.writes.map((chunk) => (typeof chunk === 'string' ? chunk : decoder.decode(chunk))).join('')
  }
}

export interface Pumped {
  readonly sink: FakeSink
  readonly pump: Pump
  readonly source: Source
  readonly endings: PumpEnding[]
}

/** A pump over something that can be streamed, not started yet. */
export function pumpOf(value: unknown, limits?: PumpLimits, sink = new FakeSink()): Pumped {
  const source = Source.from(value)!
  const endings: PumpEnding[] = []
  const pump = new Pump(source, sink, (ending) => endings.push(ending), limits)
  return { sink, pump, source, endings }
}

/** The next turn of the event loop. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
