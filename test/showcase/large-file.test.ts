import { mkdtemp, readdir, readFile, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensureLargeFile, largeFileContent, MEBIBYTE } from '../../examples/showcase/src/large-file.ts'

let folder: string

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'millrace-large-file-')), 'cache')
})

afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }))

test('makes the file, and leaves nothing else behind', async () => {
  const path = await ensureLargeFile(folder, 2)
  expect(Buffer.concat([...largeFileContent(2 * MEBIBYTE)]).equals(await readFile(path))).toBe(true)
  expect(await readdir(folder)).toHaveLength(1)
})

test('reuses it', async () => {
  const first = await stat(await ensureLargeFile(folder, 1))
  const second = await stat(await ensureLargeFile(folder, 1))
  expect(second.ino).toBe(first.ino)
  expect(second.mtimeMs).toBe(first.mtimeMs)
})

test('makes it again if the size is not right', async () => {
  const path = await ensureLargeFile(folder, 1)
  await truncate(path, 1000)
  await ensureLargeFile(folder, 1)
  expect((await stat(path)).size).toBe(MEBIBYTE)
})

test('two starts at the same time do not disturb each other', async () => {
  const paths = await Promise.all([ensureLargeFile(folder, 1), ensureLargeFile(folder, 1)])
  expect(new Set(paths).size).toBe(1)
  expect(await readdir(folder)).toHaveLength(1)
})

test('the content is the same every time, whatever the size, and does not repeat', () => {
  const [small] = [...largeFileContent(1000)]
  const [large, next] = [...largeFileContent(2 * MEBIBYTE)]
  expect(large!.subarray(0, 1000).equals(small!)).toBe(true)
  expect(next!.equals(large!)).toBe(false)
})
