import type { Application } from '../../core/app.ts'

/** An app that can be closed as a whole. */
interface Closable extends Application {
  close?(): Promise<void>
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const
/** How long a second signal still waits for lifespans to end, in milliseconds. */
const FORCED_MS = 1000

const apps = new Set<Closable>()
let closing = false

/**
 * Closes the app at the first SIGTERM or SIGINT and then ends the process: 0 when everything ended in
 * order, 1 when it did not, or when a second signal forced it.
 *
 * @returns a function that takes the app out again.
 */
export function closeOnSignals(app: Application): () => void {
  if (apps.size === 0) for (const signal of SIGNALS) process.on(signal, onSignal)
  apps.add(app)
  return () => {
    // While the process is ending, the handlers stay, so that a second signal still finds them.
    if (!apps.delete(app) || apps.size > 0 || closing) return
    for (const signal of SIGNALS) process.off(signal, onSignal)
  }
}

function onSignal(): void {
  if (closing) {
    setTimeout(() => process.exit(1), FORCED_MS).unref()
    void Promise.allSettled([...apps].map((app) => app.stop())).then(() => process.exit(1))
    return
  }
  closing = true
  void Promise.all([...apps].map((app) => app.close?.() ?? app.stop())).then(
    () => process.exit(0),
    (error: unknown) => {
      for (const app of apps) app.engine.log.error({ err: error }, 'The app could not be closed')
      process.exit(1)
    },
  )
}
