/** What the type tests share: an app, schemas and dependencies as an application would have them. */
import { App, dependency } from 'millrace'
import { z } from 'zod'

export const app = new App()

export const Row = z.object({
  id: z.string(),
  kind: z.enum(['book', 'film']),
  tags: z.array(z.string()).default([]),
})

/** What a handler may return or yield for a Row. */
export type RowInput = { id: string; kind: 'book' | 'film'; tags?: string[] | undefined }
/** What a client gets of a Row. */
export type RowOutput = { id: string; kind: 'book' | 'film'; tags: string[] }

export const Page = z.object({ limit: z.coerce.number().default(20), since: z.coerce.date().optional() })
export type PageOutput = { limit: number; since?: Date | undefined }

export interface Db {
  find(id: string): Promise<RowInput>
}

export const db = dependency(async function* () {
  const pool: Db = { find: async (id) => ({ id, kind: 'book' }) }
  yield pool
})
