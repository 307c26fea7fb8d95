/** The store on disk: what a crash leaves is found and removed, and what is synced is. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, resumable, type SaveOptions, type Upload } from 'millrace'
import { diskStore, type DiskStoreOptions } from 'millrace/node'
import { afterEach, describe, expect, test } from 'vitest'

const directory = mkdtempSync(join(tmpdir(), 'millrace-store-'))
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const info = (id: string) => ({
  id,
  length: undefined,
  complete: false,
  type: 'text/plain',
  sentFilename: '',
  createdAt: 0,
})

async function sweep(): Promise<void> {
  const store = diskStore(directory)
  for await (const id of store.olderThan(Date.now() + 1000)) await store.remove(id)
}

test('what a crash leaves of an update is found by its age, and removed', async () => {
  const store = diskStore(directory)
  const id = crypto.randomUUID()
  await store.create(info(id))
  // As it is between the writing and the renaming.
  writeFileSync(join(directory, `.${id}.json`), '{"id":')
  const alone = crypto.randomUUID()
  writeFileSync(join(directory, `.${alone}.json`), '')
  const foreign = ['.keep', '.not-an-id.json', 'x.part']
  for (const name of foreign) writeFileSync(join(directory, name), '')
  // It goes on as if nothing were there.
  await store.update({ ...info(id), length: 5 })
  expect((await store.find(id))?.info.length).toBe(5)
  writeFileSync(join(directory, `.${id}.json`), '{"id":')
  await sweep()
  expect(readdirSync(directory).toSorted()).toEqual(foreign.toSorted())
})

// Linux has a device that is always full.
test.runIf(process.platform === 'linux')('what a full disk refuses leaves nothing', async () => {
  mkdirSync(directory, { recursive: true })
  const store = diskStore(directory)
  const id = crypto.randomUUID()
  symlinkSync('/dev/full', join(directory, `.${id}.json`))
  await expect(store.create(info(id))).rejects.toMatchObject({ status: 507 })
  expect(readdirSync(directory)).toEqual([])
  // An upload that is there already stays as it was.
  await store.create(info(id))
  symlinkSync('/dev/full', join(directory, `.${id}.json`))
  await expect(store.update({ ...info(id), length: 5 })).rejects.toMatchObject({ status: 507 })
  expect(readdirSync(directory).toSorted()).toEqual([`${id}.json`, `${id}.part`])
  expect((await store.find(id))?.info.length).toBeUndefined()
})

test('what is young is left alone', async () => {
  mkdirSync(directory, { recursive: true })
  const id = crypto.randomUUID()
  writeFileSync(join(directory, `.${id}.json`), '')
  const found: string[] = []
  for await (const each of diskStore(directory).olderThan(Date.now() - 60_000)) found.push(each)
  expect(found).toEqual([])
})

/** The files and directories that are synced meanwhile, in order. */
async function synced(act: () => Promise<unknown>): Promise<string[]> {
  const handle = await open(tmpdir())
  const prototype = Object.getPrototypeOf(handle) as { sync(this: FileHandle): Promise<void> }
  await handle.close()
  const { sync } = prototype
  const paths: string[] = []
  prototype.sync = function (this: FileHandle) {
    paths.push(readlinkSync(`/proc/self/fd/${this.fd}`).replace(`${directory}`, ''))
    return sync.call(this)
  }
  try {
    await act()
  } finally {
    prototype.sync = sync
  }
  return paths
}

describe('saveTo', () => {
  const id = crypto.randomUUID()
  /** Uploads something, and saves it with these options. */
  const saving = async (options: SaveOptions, storeOptions: DiskStoreOptions = { fsync: false }) => {
    mkdirSync(join(directory, 'films'), { recursive: true })
    const app = new App()
    let of: string[] = []
    app.include(
      resumable('/uploads', {
        store: diskStore(join(directory, 'store'), storeOptions),
        onComplete: async (upload) => {
          of = await synced(() => upload.saveTo(join(directory, 'films', 'film'), options))
        },
      }),
    )
    const reply = await app.fetch(new Request('http://x/uploads', { method: 'POST', body: 'a film' }))
    expect([reply.status, readFileSync(join(directory, 'films', 'film'), 'utf8')]).toEqual([204, 'a film'])
    expect(readdirSync(join(directory, 'films'))).toEqual(['film'])
    return of.map((path) => path.replace(/[0-9a-f-]{36}/, 'ID'))
  }

  test.each<SaveOptions>([{}, { overwrite: false }])(
    'with fsync the file has reached the disk before its name has: %j',
    async (options) => {
      expect(await saving({ ...options, fsync: true })).toEqual(['/store/ID.part', '/films'])
    },
  )

  test('the same where it has to be copied', async () => {
    const [file, folder] = await saving({ fsync: true, digest: 'sha-256' })
    expect([file, folder]).toEqual([expect.stringMatching(/^\/films\/\.film\..*\.part$/), '/films'])
  })

  test('control: without it nothing is synced', async () => {
    expect(await saving({})).toEqual([])
    expect(await saving({ digest: 'sha-256' })).toEqual([])
  })

  test('what is there is replaced, or answered with 409', async () => {
    await saving({})
    writeFileSync(join(directory, 'films', 'film'), 'another')
    const app = new App()
    const store = diskStore(join(directory, 'store'))
    const onComplete = async (upload: Upload) =>
      void (await upload.saveTo(join(directory, 'films', 'film'), { overwrite: false }))
    app.include(resumable('/uploads', { store, onComplete }))
    const reply = await app.fetch(new Request('http://x/uploads', { method: 'POST', body: 'a film' }))
    expect([reply.status, readFileSync(join(directory, 'films', 'film'), 'utf8')]).toEqual([409, 'another'])
    await saving({})
  })

  test('the store syncs its directory with every new name, unless it is told not to', async () => {
    const [info1, info2] = [info(id), { ...info(id), length: 5 }]
    const create = await synced(() => diskStore(directory).create(info1))
    expect(create).toEqual([`/.${id}.json`, ''])
    expect(await synced(() => diskStore(directory).update(info2))).toEqual([`/.${id}.json`, ''])
    expect(await synced(() => diskStore(directory, { fsync: false }).update(info2))).toEqual([])
  })
})
