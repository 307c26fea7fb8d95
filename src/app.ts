import { Application, type AppOptions } from './core/app.ts'
import { UsageError } from './core/error.ts'
import { inferFormat } from './stream/format.ts'
import { answerFetch } from './transports/fetch.ts'
import type { CloseOptions, Listening } from './transports/node/serve.ts'
import type { ListenOptions } from './transports/node/server.ts'

/**
 * An app: routes, and what serves them. Declare everything first; the app is frozen when it starts.
 *
 * @example
 * const app = new App({ title: 'Ticker' })
 * app.get('/', () => 'hello')
 * await app.listen({ port: 8000 })
 */
export class App<U = {}> extends Application<U> {
  readonly #listening = new Set<Listening>()

  constructor(options: AppOptions<U> = {}) {
    super(options, inferFormat)
  }

  /**
   * Starts the app and serves it on Node: HTTP/1.1, HTTP/2 and WebSocket.
   *
   * @throws {UsageError} for mistakes in the declared routes; rejects when the port is taken.
   */
  async listen(options: ListenOptions = {}): Promise<Listening> {
    const { serve } = await import('./transports/node/serve.ts')
    const listening = await serve(this, options)
    this.#listening.add(listening)
    return listening
  }

  /** Answers a web Request, for Bun, Deno, workers and other frameworks' mounts. Rejects only when start-up fails. */
  readonly fetch = async (request: Request): Promise<Response> => {
    await this.start()
    return answerFetch(this, request)
  }

  /**
   * Stops: no new connections, streams told and cut, finite replies finished within the grace, then
   * background work, and the lifespan to its end.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    const { grace } = options
    if (grace !== undefined && !(grace >= 0))
      throw new UsageError(`grace takes milliseconds from 0 up, not ${grace}.`)
    this.retire()
    // They stay known until they are closed, for a second call that is less patient.
    const servers = [...this.#listening]
    await Promise.all(servers.map((server) => server.close(options)))
    for (const server of servers) this.#listening.delete(server)
    await this.stop()
  }
}
