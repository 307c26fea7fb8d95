import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { App, type Schema } from 'millrace'
import * as v from 'valibot'
import { z } from 'zod'

// zod and arktype bring their JSON Schema along. `id` names the component.
const Money = z.object({ value: z.number(), currency: z.enum(['EUR', 'USD']) }).meta({ id: 'Money' })

// valibot's comes from its own converter.
const Point = toStandardJsonSchema(v.object({ x: v.number(), y: v.number() }))

// Anything else: say it yourself, here or for all of them in `jsonSchema`.
const even: Schema<unknown, number> = {
  '~standard': {
    version: 1,
    vendor: 'by hand',
    validate: (value) =>
      typeof value === 'number' && value % 2 === 0 ? { value } : { issues: [{ message: 'Not even.' }] },
  },
}

export const app = new App({
  openapi: { jsonSchema: (schema) => (schema === even ? { type: 'integer', multipleOf: 2 } : undefined) },
})

app.post('/prices', { body: Money, returns: z.array(Money) }, ({ body }) => [body])
app.post('/points', { body: Point }, ({ body }) => body)
app.post('/halves', { body: even }, ({ body }) => body / 2)
