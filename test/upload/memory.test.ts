/**
 * The memory of a server that saves a large upload does not grow with it. One that collects it first is the
 * control: the same look finds it. The full measure, 2 GiB beside a bare pipe, is `node bench/src/upload.mjs`.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { launch, upload } from '../../bench/src/upload.mjs'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const MIB = 1024 * 1024
/** What a server may grow by, whatever it is sent. */
const BOUND = 60 * MIB
const SENT_MIB = 256

async function grownBy(kind: string): Promise<{ grown: number; path: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-memory-'))
  cleanups.push(() => rmSync(directory, { recursive: true }))
  const server = await launch(kind, directory)
  cleanups.push(server.stop)
  await upload(server.port, 16)
  await server.ask('reset')
  await upload(server.port, SENT_MIB)
  const { grownBytes } = (await server.ask('measure')) as { grownBytes: number }
  return { grown: grownBytes, path: join(directory, `${kind}.bin`) }
}

test.each(['millrace', 'millrace-raw'])('%s grows by less than 60 MB', { timeout: 120_000 }, async (kind) => {
  const { grown, path } = await grownBy(kind)
  console.log(`${kind}: ${SENT_MIB} MiB sent, resident memory grew by ${(grown / MIB).toFixed(0)} MiB`)
  expect(statSync(path).size).toBeGreaterThanOrEqual(SENT_MIB * MIB)
  expect(grown).toBeLessThan(BOUND)
})

test('a server that collects first is found out', { timeout: 120_000 }, async () => {
  expect((await grownBy('buffering')).grown).toBeGreaterThan(BOUND)
})
