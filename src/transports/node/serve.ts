import type { Application } from '../../core/app.ts'
import { assertAmount } from '../../core/option.ts'
import { assertListenOptions, type ListenOptions } from './listen.ts'
import { NodeServer } from './server.ts'
import { offerLog } from './process-log.ts'
import { closeOnSignals } from './signal.ts'
import { survivesCancelled } from './unhandled.ts'

export interface CloseOptions {
  /** Milliseconds that replies of known length may take to finish; default what `listen` was given. Streams are told at once. */
  readonly grace?: number
}

/** A listening server. */
export interface Listening {
  readonly host: string
  readonly port: number
  /** For example `http://127.0.0.1:8000`. */
  readonly url: string
  /** Stops this server: no new connections, streams told and ended, finite replies finished within the grace. */
  close(options?: CloseOptions): Promise<void>
}

/** Starts the app and serves it on Node: HTTP/1.1, HTTP/2 and WebSocket. */
export async function serve(app: Application, options: ListenOptions = {}): Promise<Listening> {
  assertListenOptions(options)
  const wasReady = app.ready
  await app.start()
  const { host = '127.0.0.1', port = 8000, signals = true } = options
  const server = new NodeServer(app, options)
  const bound = await server.listen(port, host).catch(async (error: unknown) => {
    // What start-up opened would keep the process alive.
    if (!wasReady) await app.stop()
    throw error
  })
  const forget = signals ? closeOnSignals(app) : () => {}
  survivesCancelled()
  const withdrawLog = offerLog(app.engine.log)
  const scheme = options.tls === undefined ? 'http' : 'https'
  return {
    host,
    port: bound,
    url: `${scheme}://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    async close({ grace = options.grace ?? 10_000 } = {}) {
      assertAmount(grace, 'grace', 'milliseconds')
      forget()
      await server.close(grace)
      withdrawLog()
    },
  }
}
