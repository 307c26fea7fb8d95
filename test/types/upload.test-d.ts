/** Forms: what their handlers get, and what their clients send. */
import {
  type FieldPart,
  file,
  type FilePart,
  form,
  multipart,
  type RequestBody,
  type Route,
  type UploadedFile,
} from 'millrace'
import { expectTypeOf } from 'vitest'
import { z } from 'zod'
import { app } from './app.ts'

const parts = {
  title: z.string(),
  count: z.coerce.number().default(1),
  photo: file({ types: ['image/*'] }),
  scan: file({ optional: true }),
  more: file({ many: true, maxCount: 3 }),
}

// A form as one object: schemas give their output, files are as their options say.
const whole = app.post('/form', { body: form(parts) }, ({ body }) => {
  expectTypeOf(body).toEqualTypeOf<{
    readonly title: string
    readonly count: number
    readonly photo: UploadedFile
    readonly scan: UploadedFile | undefined
    readonly more: readonly UploadedFile[]
  }>()
})

// Its client sends a FormData, or its parts by name; what has a default may be left out.
type Sent<R> = R extends Route<string, string, infer T> ? (T extends { body: infer B } ? B : never) : never
const blob = new Blob()
expectTypeOf<{ title: string; photo: Blob; more: Blob[] }>().toExtend<Sent<typeof whole>>()
expectTypeOf<{ title: string; photo: Blob; more: Blob[]; scan: Blob; count: number }>().toExtend<
  Sent<typeof whole>
>()
expectTypeOf(new FormData()).toExtend<Sent<typeof whole>>()
// @ts-expect-error the photo is missing
void ({ title: '', more: [blob] } satisfies Sent<typeof whole>)
// @ts-expect-error a file is no string
void ({ title: '', photo: 'x', more: [] } satisfies Sent<typeof whole>)

// Part by part: the name tells what it is.
app.post('/parts', { body: multipart(parts) }, async ({ body }) => {
  for await (const part of body) {
    if (part.kind === 'file') expectTypeOf(part.name).toEqualTypeOf<'photo' | 'scan' | 'more'>()
    else if (part.name === 'count') expectTypeOf(part.value).toEqualTypeOf<number>()
    else expectTypeOf(part.value).toEqualTypeOf<string>()
  }
})
app.post('/any', { body: multipart() }, async ({ body }) => {
  for await (const part of body) expectTypeOf(part).toEqualTypeOf<FieldPart | FilePart>()
})

// Without a declaration there is the reader, which saves, too.
app.put('/raw', async ({ body }) => {
  expectTypeOf(body).toEqualTypeOf<RequestBody>()
  expectTypeOf((await body.saveTo('x', { digest: 'sha-256' })).digest).toEqualTypeOf<string | undefined>()
})

// @ts-expect-error parts are schemas or files
form({ title: 'string' })
// @ts-expect-error not an option
file({ maxSize: 1 })
