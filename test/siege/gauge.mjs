/**
 * Measures the process it is loaded into: memory, and how long its event loop stands still.
 *
 * A shared machine takes the processor away for tens of milliseconds. So a pause does not count the time in
 * which this thread was ready to run and was not let.
 */
import { queued } from './queued.mjs'

const PROBE_MS = 2

let baseRss = 0
let peakRss = 0
let longestMs = 0
let longestWallMs = 0
let wall = performance.now()
let queuedMs = queued(process.pid)

setInterval(() => {
  const now = performance.now()
  const pausedMs = now - wall - PROBE_MS
  longestWallMs = Math.max(longestWallMs, pausedMs)
  const queuedNow = queued(process.pid)
  longestMs = Math.max(longestMs, pausedMs - (queuedNow - queuedMs))
  peakRss = Math.max(peakRss, process.memoryUsage.rss())
  wall = performance.now()
  queuedMs = queuedNow
}, PROBE_MS)

function sockets() {
  return process.getActiveResourcesInfo().filter((name) => /TCPSocketWrap|TLSWrap/.test(name)).length
}

/** Begins a measurement. */
function mark() {
  globalThis.gc()
  baseRss = process.memoryUsage.rss()
  peakRss = baseRss
  wall = performance.now()
  queuedMs = queued(process.pid)
  longestMs = 0
  longestWallMs = 0
  return { rss: baseRss, sockets: sockets() }
}

/** What has been measured since the mark. */
function read() {
  const measured = {
    peak: Math.max(peakRss, process.memoryUsage.rss()) - baseRss,
    longestMs,
    longestWallMs,
    sockets: sockets(),
  }
  globalThis.gc()
  return { ...measured, held: process.memoryUsage.rss() - baseRss }
}

process.on('message', ({ id, ask }) => process.send({ id, answer: ask === 'mark' ? mark() : read() }))
process.on('disconnect', () => process.exit(0))
