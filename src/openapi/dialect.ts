/**
 * The two forms of the OpenAPI document: `3.2`, which can say what the items of a stream are, and `3.1`
 * for generators that cannot read that yet. There, the schema of a stream is that of an item.
 */
export type Dialect = '3.2' | '3.1'

export const DIALECTS: readonly Dialect[] = ['3.2', '3.1']

/** Part of a document. */
export type Json = { [member: string]: unknown }

/** Leaves out what is undefined. */
export function defined(members: Json): Json {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

/** A list that is worth a member; undefined for an empty one. */
export function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list
}
