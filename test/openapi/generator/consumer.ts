/**
 * What a program gets of a document through two generators. It compiles only if the items of streams have
 * the type that the routes declare: not `unknown`, not `any`.
 */
import { createClient } from './.cache/hey/client/index.ts'
import { streamSse } from './.cache/hey/sdk.gen.ts'
import type {
  PostPointsResponse,
  StreamJsonlResponse,
  StreamJsonSeqResponse,
} from './.cache/hey/types.gen.ts'
import type { paths } from './.cache/types.ts'

interface Tick {
  n: number
  price: { value: number; currency: 'EUR' | 'USD' }
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type Flat<T> = T extends object ? { [K in keyof T]: Flat<T[K]> } : T
const same = <A, B>(proof: Same<Flat<A>, Flat<B>>): void => void proof

// openapi-typescript
type Content<P extends keyof paths> = paths[P] extends {
  get: { responses: { 200: { content: infer C } } }
}
  ? C
  : never
same<Content<'/streams/jsonl'>['application/jsonl'], Tick>(true)
same<Content<'/streams/jsonl'>['application/x-ndjson'], Tick>(true)
same<Content<'/streams/json-seq'>['application/json-seq'], Tick>(true)
same<Content<'/streams/sse'>['text/event-stream'], Tick>(true)
same<Content<'/streams/json-array'>['application/json'], Tick[]>(true)
same<Content<'/streams/text'>['text/plain'], string>(true)
same<Content<'/streams/any'>['text/event-stream'], Tick>(true)

// @hey-api/openapi-ts
same<StreamJsonlResponse, Tick>(true)
same<StreamJsonSeqResponse, Tick>(true)
same<PostPointsResponse, { x: number; y: number }>(true)

/** Reads the events of a server, typed, and gives the sum of what they hold. */
export async function readEvents(baseUrl: string): Promise<number> {
  const { stream } = await streamSse({ client: createClient({ baseUrl }), sseMaxRetryAttempts: 1 })
  let sum = 0
  for await (const tick of stream) {
    same<typeof tick, Tick>(true)
    sum += tick.price.value
  }
  return sum
}
