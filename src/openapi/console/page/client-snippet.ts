/** What was filled in as a program for `millrace/client`: it sends the same, and the types of the server take it. */
import type { HttpOperation, Operation, SocketOperation } from './document.ts'
import { parse } from './decode.ts'
import { literal, text } from './literal.ts'
import { essence, type FormValues, given, isForm, isJson, isJsonLines, prepareBody } from './request.ts'
import { asList, kindOf, plain, type Resolve } from './schema.ts'

/** A request, and what comes of it. */
export function toClient(
  operation: HttpOperation,
  values: FormValues,
  root: string,
  streams: boolean,
): string {
  const { headers, ...inputs } = inputsOf(operation, values)
  const body = bodyOf(operation, values)
  const allHeaders = {
    ...headers,
    ...(values.range === '' ? {} : { range: `bytes=${values.range}` }),
    ...(body?.type === undefined ? {} : { 'content-type': body.type }),
  }
  const options = [
    ...members({ ...inputs, headers: allHeaders }),
    ...(values.accept === '' ? [] : [`accept: ${text(values.accept)}`]),
    ...(body === undefined ? [] : [body.source === 'body' ? 'body' : `body: ${body.source}`]),
  ]
  const call = `api.${caller(operation.method)}(${argumentsOf(operation, options)})`
  return [
    ...head(root, body?.files === true),
    ...(body?.lines ?? []),
    streams ? `for await (const item of ${call}) console.log(item)` : `console.log(await ${call})`,
  ].join('\n')
}

/** A WebSocket, and what it says. */
export function toSocketClient(operation: SocketOperation, values: FormValues, root: string): string {
  const { params, query } = inputsOf(operation, values)
  const { sends, resolve } = operation
  const options = members({ params, query })
  // Nothing else tells the client whether the text `5` is a number.
  if (sends !== undefined && !isText(sends, resolve)) options.push('json: true')
  return [
    ...head(root, false),
    `const socket = await api.websocket(${argumentsOf(operation, options)})`,
    'for await (const message of socket) console.log(message)',
  ].join('\n')
}

const SERVER = './server.ts'

const head = (root: string, readsFiles: boolean) => [
  ...(readsFiles ? ["import { openAsBlob } from 'node:fs'"] : []),
  "import { createClient } from 'millrace/client'",
  '',
  `const api = createClient<typeof import(${text(SERVER)})>(${text(root.replace(/\/$/, ''))})`,
]

const NAMED = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY'])

const caller = (method: string) => (NAMED.has(method) ? method.toLowerCase() : `method(${text(method)})`)

const argumentsOf = (operation: Operation, options: readonly string[]) =>
  text(toPattern(operation)) + (options.length === 0 ? '' : `, { ${options.join(', ')} }`)

/** A path as our routes write it. */
function toPattern({ path, parameters }: Operation): string {
  return path.replaceAll(/\{([^{}]+)\}/g, (_all, name: string) => {
    const own = parameters.find((each) => each.in === 'path' && each.name === name)
    return `${own?.takesSlashes === true ? '*' : ':'}${name}`
  })
}

const PLACES = { path: 'params', query: 'query', header: 'headers', cookie: 'cookies' } as const
type Inputs = { [Name in (typeof PLACES)[keyof typeof PLACES]]?: Record<string, unknown> | undefined }

function inputsOf(operation: Operation, values: FormValues): Inputs {
  const { resolve } = operation
  const inputs: Inputs = {}
  for (const { parameter, value } of given(operation, values)) {
    const place = (inputs[PLACES[parameter.in]] ??= {})
    if (kindOf(parameter.schema, resolve) === 'list') {
      const item = typed(value, plain(parameter.schema, resolve)['items'] ?? {}, resolve)
      place[parameter.name] = [...asList(place[parameter.name]), item]
    } else place[parameter.name] = typed(value, parameter.schema, resolve)
  }
  return inputs
}

/** What was typed in, as the value that a client with types passes. */
function typed(value: string, schema: unknown, resolve: Resolve): unknown {
  switch (kindOf(schema, resolve)) {
    case 'boolean':
      return value === 'true' || value === 'false' ? value === 'true' : value
    case 'integer':
    case 'number':
      // A number that is written otherwise, or is too long, would be another text.
      return String(Number(value)) === value ? Number(value) : value
    case 'enum':
      return asList(plain(schema, resolve)['enum']).find((each) => String(each) === value) ?? value
    default:
      return value
  }
}

const members = (inputs: Inputs) =>
  Object.entries(inputs)
    .filter(([, value]) => value !== undefined && Object.keys(value).length > 0)
    .map(([name, value]) => `${name}: ${literal(value)}`)

interface BodySource {
  /** What makes it. */
  readonly lines?: readonly string[]
  /** An expression for it. */
  readonly source: string
  /** Its media type, if the client would say another one by itself. */
  readonly type?: string | undefined
  /** Whether it is read from the disk. */
  readonly files?: boolean
}

function bodyOf(operation: HttpOperation, values: FormValues): BodySource | undefined {
  const body = prepareBody(operation, values)
  const type = values.bodyType ?? 'application/octet-stream'
  const unless = (implied: string) => (essence(type) === implied ? undefined : type)
  if (body === undefined) return undefined
  if (body.kind === 'file')
    return { source: fileSource(body.file), type: unless('application/octet-stream'), files: true }
  if (body.kind === 'form') {
    const parts = body.parts.map(([name, value]) =>
      typeof value === 'string'
        ? `body.append(${text(name)}, ${text(value)})`
        : `body.append(${text(name)}, ${fileSource(value)}, ${text(value.name)})`,
    )
    const files = body.parts.some(([, value]) => typeof value !== 'string')
    return { lines: ['const body = new FormData()', ...parts], source: 'body', files }
  }
  if (isForm(type)) return { source: `new URLSearchParams(${text(body.text)})` }
  if (isJsonLines(type)) {
    const items = body.text.split('\n').filter((line) => line.trim() !== '')
    const yields = items.map((line) => `    yield ${literal(parse(line))}\n`).join('')
    // A method in its place, and no function of its own, is typed by what the route takes.
    const source = `{\n  async *[Symbol.asyncIterator]() {\n${yields}  },\n}`
    return { source, type: unless('application/jsonl') }
  }
  if (!isJson(type)) return { source: text(body.text), type: unless('text/plain') }
  const value = parse(body.text)
  // A string is sent as it is, unless it is said to be JSON.
  return { source: literal(value), type: typeof value === 'string' ? type : unless('application/json') }
}

/** A browser does not tell where a file is: it is looked for where the program runs. */
const fileSource = ({ name, type }: File) =>
  `await openAsBlob(${text(name)}${type === '' ? '' : `, { type: ${text(type)} }`})`

/** Whether all values of a schema are strings. */
function isText(schema: unknown, resolve: Resolve): boolean {
  const own = resolve(schema)
  const choices = [...asList(own['anyOf']), ...asList(own['oneOf'])]
  const values = own['const'] === undefined ? asList(own['enum']) : [own['const']]
  return (
    own['type'] === 'string' ||
    (values.length > 0 && values.every((each) => typeof each === 'string')) ||
    (choices.length > 0 && choices.every((each) => isText(each, resolve)))
  )
}
