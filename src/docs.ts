/** Where the docs page hangs on an app. What it consists of is loaded with the first request for it. */
import { UsageError } from './core/error.ts'
import type { Reply } from './core/reply/reply.ts'
import type { Router } from './core/router.ts'
import { FileReply } from './stream/file.ts'
import type { FileSource } from './stream/file-source.ts'

/** What the docs page has to know of its app. */
export interface DocsPlace {
  /** Where the page is served, for example `/docs`. */
  readonly path: string
  /** The title of the app. */
  readonly title: string
  /** Where the documents are served. */
  readonly openapi: string
  readonly asyncapi: string | undefined
}

/** Scalar's reference, compressed. It lies on the disk beside the package and is no module: it is a megabyte. */
const REFERENCE: FileSource = {
  name: 'reference.js',
  open: async () => {
    const { packageFile } = await import('./transports/node/file.ts')
    return packageFile('openapi/console/reference.js.gz').open()
  },
}

/** They are no part of what they describe. */
const HIDDEN = { hidden: true } as const

/**
 * Declares the routes of the docs page.
 *
 * @throws {UsageError} for a path that does not start with "/" or has parameters.
 */
export function declareDocs(house: Router, place: DocsPlace): void {
  const { path } = place
  if (!/^\/[^:*?#]*$/.test(path))
    throw new UsageError(
      `docs takes a path without parameters, for example "/docs", or false; not "${path}".`,
    )
  const below = path.replace(/\/$/, '')
  const load = () => import('./openapi/console/docs.ts')

  house.get(path, HIDDEN, async ({ request }): Promise<Reply> =>
    (await load()).consoleReply(place, request.target),
  )
  house.get(`${below}/reference`, HIDDEN, async ({ request }): Promise<Reply> => {
    const found = await hasReference()
    return (await load()).referenceReply(place, request.target, found)
  })
  house.get(
    `${below}/reference.js`,
    HIDDEN,
    async () => new FileReply(REFERENCE, (await load()).REFERENCE_FILE),
  )
  house.get(`${below}/assets/:version/:name`, HIDDEN, async ({ params }): Promise<Reply> => {
    return (await load()).assetReply(params.version, params.name)
  })
}

/** Whether the reference was packed with the installation, and can be read here: a worker has no disk. */
async function hasReference(): Promise<boolean> {
  try {
    const file = await REFERENCE.open()
    await file?.close()
    return file !== undefined
  } catch {
    return false
  }
}
