import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'

/** Runs a program in `count` processes that share its port, and replaces them one by one. */
export async function supervise(program: string, count: number) {
  cluster.setupPrimary({ exec: program, execArgv: [] })
  const running = new Set<Worker>()
  let closing = false

  async function start(): Promise<void> {
    const worker = cluster.fork()
    const failed = once(worker, 'exit').then(() => {
      throw new Error('A worker ended before it listened.')
    })
    await Promise.race([once(worker, 'listening'), failed])
    running.add(worker)
    // One that crashed is replaced; one that was told to go has been replaced already.
    failed.catch(() => {
      if (running.delete(worker) && !closing) start().catch(console.error)
    })
  }

  async function retire(worker: Worker): Promise<void> {
    running.delete(worker)
    const gone = once(worker, 'exit')
    worker.process.kill('SIGTERM')
    await gone
  }

  await Promise.all(Array.from({ length: count }, start))
  return {
    /** Each new worker listens before an old one is told to go. If it does not, the old ones stay. */
    async restart(): Promise<void> {
      const olds = [...running]
      for (const old of olds) {
        await start()
        await retire(old)
      }
    },
    async close(): Promise<void> {
      closing = true
      await Promise.all([...running].map(retire))
    },
  }
}
