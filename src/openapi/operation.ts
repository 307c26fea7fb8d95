/** One route as an operation: its inputs, its replies, and what may go wrong. */
import type {
  CallbackDocumentation,
  Documentation,
  ReplyDocumentation,
  WebhookDocumentation,
} from '../core/documentation.ts'
import type { BodyReader } from '../core/body/body-reader.ts'
import type { Format } from '../core/reply/format.ts'
import type { Route } from '../core/route.ts'
import { acceptsUndefined, isSchema, type Schema } from '../core/schema.ts'
import { formContent } from './form.ts'
import { formatContent, jsonMedia, type MediaUse } from './media.ts'
import { pascal, pathTemplate, sentence } from './name.ts'
import { parameters } from './parameter.ts'
import { eachDependency, requirements } from './requirement.ts'
import { defined, type Json, nonEmpty } from './dialect.ts'
import type { Writing } from './writing.ts'

/** What a route is called, and where. */
export interface OperationPlace {
  readonly id: string
  readonly renamed?: ReadonlyMap<string, string>
}

export function operation(writing: Writing, route: Route, { id, renamed }: OperationPlace): Json {
  const { options } = route
  const place = `${route.method} ${route.path}`
  const name = pascal(id)
  const uses = options.use ?? {}
  const security = requirements(uses, (scheme) => writing.schemes.name(scheme, place))
  return defined({
    ...head(options, id),
    parameters: nonEmpty(
      parameters(writing, {
        inputs: options,
        uses,
        path: pathTemplate(route.path),
        ...(renamed === undefined ? undefined : { renamed }),
        examples: options.examples,
        place,
        name,
      }),
    ),
    requestBody: requestBody(writing, options.body, place, name, options.examples?.body),
    responses: responses(writing, route, { place, name, guarded: security }),
    callbacks: callbacks(writing, options.callbacks, place, name),
    security: nonEmpty(security),
    ...options.openapi,
  })
}

function head(options: Documentation, id: string): Json {
  const { summary, description, tags, deprecated } = options
  return {
    operationId: id,
    summary: summary ?? sentence(id),
    description,
    tags: nonEmpty(tags ?? []),
    deprecated: deprecated === true || undefined,
  }
}

function requestBody(
  writing: Writing,
  body: Schema | Format | BodyReader | undefined,
  place: string,
  name: string,
  examples?: Readonly<Record<string, unknown>>,
): Json | undefined {
  if (body === undefined) return undefined
  const use = { side: 'input', place: `${place}, body`, name: `${name}Body` } as const
  if ('plan' in body) return { required: true, content: formContent(writing, body, use) }
  if (!isSchema(body)) {
    const items = { ...use, name: `${name}BodyItem`, examples: examples as MediaUse['examples'] }
    return { required: true, content: formatContent(writing, [body], items) }
  }
  const json = jsonMedia(writing, body, { ...use, examples })
  const content: Json = { 'application/json': json }
  const members = writing.schemas.members(body, 'input', use.place, use.name)
  // A form has strings and lists of strings; whether anything else is made of them, no schema tells.
  if (members !== undefined && [...members.properties.values()].every(isFormField))
    content['application/x-www-form-urlencoded'] = jsonMedia(writing, body, use)
  return { required: !acceptsUndefined(body), content }
}

function isFormField(property: Json): boolean {
  const { type, items } = property
  return type === 'string' || (type === 'array' && (items as Json | undefined)?.['type'] === 'string')
}

interface ResponsePlace {
  readonly place: string
  readonly name: string
  readonly guarded: readonly object[]
}

function responses(writing: Writing, route: Route, { place, name, guarded }: ResponsePlace): Json {
  const { options } = route
  const all: Record<string, Json> = {}
  for (const status of errorStatuses(route, guarded)) all[status] = writing.errors.reference(status)
  all['default'] = writing.errors.reference('default')
  const declared = Object.entries(options.replies ?? {})
  for (const [status, reply] of declared) all[status] = ownReply(writing, Number(status), reply, place, name)
  const { returns, status: success = 200 } = options
  if (returns !== undefined && options.status === undefined && acceptsUndefined(returns))
    all[204] ??= { description: 'Success. There is nothing to send.' }
  const isDeclared = returns !== undefined || options.streams !== undefined
  if (isDeclared || !declared.some(([status]) => Number(status) < 400))
    all[success] = { ...successReply(writing, route, place, name), ...all[success] }
  return all
}

function successReply(writing: Writing, route: Route, place: string, name: string): Json {
  const { returns, streams, status, examples } = route.options
  const description = 'Success.'
  if (returns !== undefined) {
    const use = { side: 'output', place: `${place}, returns`, name: `${name}Reply` } as const
    const json = jsonMedia(writing, returns, { ...use, examples: examples?.returns })
    return { description, content: { 'application/json': json } }
  }
  if (streams !== undefined) {
    const formats = [streams].flat() as Format[]
    const use = { side: 'output', place: `${place}, streams`, name: `${name}Item` } as const
    const content = formatContent(writing, formats, { ...use, examples: examples?.streams })
    return { description: streamDescription(formats), content }
  }
  if (route.yields && status !== 204)
    return { description: 'A stream. What the first item is decides on its media type.' }
  return { description }
}

/** What a reader has to know of an end, in words: no schema can say it. */
function streamDescription(formats: readonly Format[]): string {
  const failures = formats.flatMap(({ name }) =>
    name === 'sse'
      ? ['an event named `error`']
      : name === 'jsonl' || name === 'json-seq'
        ? ['an item `{"$error": ...}`']
        : [],
  )
  const last = failures.length === 0 ? '' : ` after ${[...new Set(failures)].join(' or ')} with the problem`
  return `A stream of items, each sent as soon as there is one. If it fails on the way, it is cut off${last}.`
}

/** What may go wrong before a handler is asked. */
function errorStatuses({ options }: Route, guarded: readonly object[]): number[] {
  const statuses = [400]
  const { body, streams } = options
  const sources = [options, ...[...eachDependency(options.use ?? {})].map((each) => each.options)]
  const inputs = sources.flatMap(({ params, query, headers, cookies }) => [params, query, headers, cookies])
  if (guarded.length > 0) statuses.push(401)
  if (guarded.some((each) => Object.values(each).some((scopes: string[]) => scopes.length > 0)))
    statuses.push(403)
  if (Array.isArray(streams) && streams.length > 1) statuses.push(406)
  if (body !== undefined) statuses.push(408, 413)
  if (body !== undefined && !('contentType' in body && body.contentType === 'application/octet-stream'))
    statuses.push(415)
  const takesSchema = body !== undefined && (isSchema(body) || 'plan' in body || body.schema !== undefined)
  if (takesSchema || inputs.some((schema) => schema !== undefined)) statuses.push(422)
  return statuses
}

function ownReply(
  writing: Writing,
  status: number,
  reply: string | ReplyDocumentation,
  place: string,
  name: string,
): Json {
  const { description, returns, streams, headers } =
    typeof reply === 'string' ? { description: reply } : reply
  const where = `${place}, reply ${status}`
  const members =
    headers === undefined
      ? undefined
      : writing.schemas.members(headers, 'output', where, `${name}${status}Headers`)
  if (headers !== undefined && members === undefined)
    writing.report(where, 'the schema of the headers is not one of an object with named members.')
  const content = returns !== undefined || streams !== undefined
  const base = !content && status >= 400 ? writing.errors.response('') : {}
  const use = { side: 'output', place: where, name: `${name}Reply${status}` } as const
  return defined({
    ...base,
    description: description ?? `Status ${status}.`,
    headers:
      members === undefined
        ? undefined
        : Object.fromEntries(
            [...members.properties].map(([key, schema]) => [
              key,
              defined({ required: members.required.has(key) || undefined, schema }),
            ]),
          ),
    ...(returns === undefined
      ? undefined
      : { content: { 'application/json': jsonMedia(writing, returns, use) } }),
    ...(streams === undefined
      ? undefined
      : { content: formatContent(writing, [streams].flat() as Format[], use) }),
  })
}

function callbacks(
  writing: Writing,
  declared: Readonly<Record<string, CallbackDocumentation>> | undefined,
  place: string,
  name: string,
): Json | undefined {
  if (declared === undefined) return undefined
  return Object.fromEntries(
    Object.entries(declared).map(([key, callback]) => [
      key,
      { [callback.url]: webhook(writing, callback, `${place}, callback ${key}`, `${name}${pascal(key)}`) },
    ]),
  )
}

/** A request that the app makes: its sides are the other way round. */
export function webhook(writing: Writing, declared: WebhookDocumentation, place: string, name: string): Json {
  const { method = 'POST', body, returns, status = 200, operationId } = declared
  const id = operationId ?? name.charAt(0).toLowerCase() + name.slice(1)
  const use = { place: `${place}, body`, name: `${name}Body`, side: 'output' } as const
  const content = body === undefined ? undefined : { 'application/json': jsonMedia(writing, body, use) }
  const answer =
    returns === undefined
      ? undefined
      : { 'application/json': jsonMedia(writing, returns, { place, name: `${name}Reply`, side: 'input' }) }
  return {
    [method.toLowerCase()]: defined({
      ...head(declared, id),
      parameters: nonEmpty(
        parameters(writing, {
          inputs: {
            ...(declared.query && { query: declared.query }),
            ...(declared.headers && { headers: declared.headers }),
          },
          uses: {},
          path: pathTemplate('/'),
          place,
          name,
        }),
      ),
      requestBody: content === undefined ? undefined : { required: true, content },
      responses: {
        [status]: defined({ description: 'Received.', content: answer }),
        '4XX': { description: 'Refused.' },
      },
    }),
  }
}
