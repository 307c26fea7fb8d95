import type { Application } from '../../core/app.ts'
import { callback } from './callback.ts'

/** An app that can be closed as a whole. */
interface Closable extends Application {
  close?(options?: { readonly grace?: number }): Promise<void>
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const
/**
 * How long a signal counts as the same one again, in milliseconds: Ctrl+C reaches every process of the terminal,
 * and npm hands it on to those it has started.
 */
const ECHO_MS = 250
/** How long after a second signal the process may still live, in milliseconds, so that lifespans can end. */
const FORCED_MS = 1000
/** How long a process of a cluster stays after its servers have closed, in milliseconds. */
const HAND_BACK_MS = 250

const apps = new Set<Closable>()
/** What the app is closing for, once it is. */
let closing: { readonly signal: NodeJS.Signals; readonly at: number } | undefined
let forced = false

const onSignal = callback((signal: NodeJS.Signals): void => {
  const now = performance.now()
  if (closing !== undefined) {
    if (signal !== closing.signal || now - closing.at > ECHO_MS) force()
    return
  }
  closing = { signal, at: now }
  void Promise.all([...apps].map(close)).then(async (ended) => {
    // In a cluster the primary may have handed over connections meanwhile. It gets them back, as long as
    // there is somebody to do so.
    if (process.connected && !forced) await new Promise((resolve) => setTimeout(resolve, HAND_BACK_MS))
    process.exit(forced || ended.includes(false) ? 1 : 0)
  })
})

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
    // While the process is ending, apps and handlers stay, so that a second signal still finds them.
    if (closing !== undefined || !apps.delete(app) || apps.size > 0) return
    for (const signal of SIGNALS) process.off(signal, onSignal)
  }
}

/** @returns whether it ended in order. */
async function close(app: Closable): Promise<boolean> {
  try {
    await (app.close?.() ?? app.stop())
    return true
  } catch (error) {
    app.engine.log.error({ err: error }, 'The app could not be closed')
    return false
  }
}

/** Nothing is waited for any more, but teardown still runs: the close under way goes on without the waits. */
function force(): void {
  forced = true
  setTimeout(
    callback(() => process.exit(1)),
    FORCED_MS,
  )
  for (const app of apps) {
    app.engine.tasks.hurry()
    void app.close?.({ grace: 0 }).catch(() => {})
  }
}
