/**
 * Measures the process it is loaded into: memory, and how long its event loop stands still.
 *
 * A shared machine takes the processor away for tens of milliseconds. So a pause counts only as far as
 * this process used the processor in it.
 */
const PROBE_MS = 2

let baseRss = 0
let peakRss = 0
let longestMs = 0
let longestWallMs = 0
let wall = performance.now()
let cpu = process.cpuUsage()

setInterval(() => {
  const now = performance.now()
  const { user, system } = process.cpuUsage(cpu)
  const pausedMs = now - wall - PROBE_MS
  longestWallMs = Math.max(longestWallMs, pausedMs)
  longestMs = Math.max(longestMs, Math.min(pausedMs, (user + system) / 1000))
  peakRss = Math.max(peakRss, process.memoryUsage.rss())
  wall = performance.now()
  cpu = process.cpuUsage()
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
  cpu = process.cpuUsage()
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
