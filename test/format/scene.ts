/** An app on a port, and bare sockets to it. */
import { App, type AppOptions, type Ending } from 'millrace'
import { afterEach } from 'vitest'
import { CutError, RawConnection, type RawReply, type RawRequest } from '../contract/raw-client.ts'
import { type LogEntry, recorder } from '../contract/transport.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

export interface Scene {
  readonly app: App
  readonly log: LogEntry[]
  readonly endings: Ending[]
  /** Listens at the first call. */
  open(): Promise<RawConnection>
  request(method: string, path: string, request?: RawRequest): Promise<RawReply>
  get(path: string, accept?: string): Promise<RawReply>
}

export function scene(options: AppOptions<{}> = {}): Scene {
  const log: LogEntry[] = []
  const endings: Ending[] = []
  const app = new App({
    log: recorder(log),
    unwindMs: 300,
    middleware: [
      (ctx, next) => {
        ctx.after((ending) => endings.push(ending))
        return next()
      },
    ],
    ...options,
  })
  cleanups.push(() => app.close({ grace: 0 }))
  let listening: ReturnType<App['listen']> | undefined
  const open = async () => {
    listening ??= app.listen({ port: 0, signals: false })
    const connection = await RawConnection.open((await listening).port)
    cleanups.push(() => connection.destroy())
    return connection
  }
  return {
    app,
    log,
    endings,
    open,
    request: async (method, path, request) => (await open()).request(method, path, request),
    get: async (path, accept) =>
      (await open()).request('GET', path, accept === undefined ? {} : { headers: { accept } }),
  }
}

/** The rest of a body, and whether it was cut. */
export async function read(reply: RawReply): Promise<{ readonly text: string; readonly cut: boolean }> {
  const pieces: Buffer[] = []
  const text = () => Buffer.concat(pieces).toString()
  try {
    for (let piece = await reply.bytes(); piece !== undefined; piece = await reply.bytes()) pieces.push(piece)
    return { text: text(), cut: false }
  } catch (error) {
    if (error instanceof CutError) return { text: text(), cut: true }
    throw error
  }
}
