/** The OpenAPI document of an app: all its routes, read as data. */
import type { Exports, OpenApiDocument, OpenApiOptions } from '../core/documentation.ts'
import type { AnyRoute, Route } from '../core/route.ts'
import { SchemaRegistry } from './component.ts'
import { ErrorResponses } from './error-response.ts'
import { exportNames, operationIds, pascal, pathTemplate } from './name.ts'
import { operation, webhook } from './operation.ts'
import { ProblemList } from './problem.ts'
import { SchemeRegistry } from './requirement.ts'
import { TimeSlice } from './time-slice.ts'
import { defined, type Dialect, type Json } from './dialect.ts'
import type { Writing } from './writing.ts'

/** What a document is made of. */
export interface DocumentSource {
  readonly title: string
  readonly version: string
  readonly description: string | undefined
  readonly routes: readonly AnyRoute[]
  readonly options: OpenApiOptions
  readonly exports: Exports
}

/** A document, and what could not be said in it. */
export interface Written<T> {
  readonly document: T
  readonly problems: readonly string[]
}

/** The version of OpenAPI that a dialect is stamped with. */
const STAMP: Readonly<Record<Dialect, string>> = { '3.2': '3.2.0', '3.1': '3.1.1' }

export async function createOpenApi(
  source: DocumentSource,
  dialect: Dialect,
): Promise<Written<OpenApiDocument>> {
  const slice = new TimeSlice()
  const { options } = source
  const problems = new ProblemList()
  const names = exportNames(source.exports)
  const writing: Writing = {
    dialect,
    schemas: new SchemaRegistry({
      draft: 'draft-2020-12',
      names,
      jsonSchema: options.jsonSchema,
      report: problems.report,
    }),
    errors: new ErrorResponses(),
    schemes: new SchemeRegistry(problems.report),
    report: problems.report,
  }
  const routes = source.routes.filter(isDocumented)
  const paths = await writePaths(writing, routes, names, slice)
  const webhooks = Object.entries(options.webhooks ?? {}).map(([name, declared]) => [
    name,
    webhook(writing, declared, `webhook ${name}`, pascal(name)),
  ])
  const document = defined({
    openapi: STAMP[dialect],
    info: info(source),
    servers: options.servers ?? [{ url: '/' }],
    tags: tagList(routes, options),
    externalDocs: options.externalDocs,
    // What a route says goes before it.
    security: [],
    paths,
    webhooks: webhooks.length === 0 ? undefined : Object.fromEntries(webhooks),
    components: await components(writing, slice),
  }) as OpenApiDocument
  return {
    document: options.transform?.(structuredClone(document)) ?? document,
    problems: problems.all,
  }
}

function isDocumented(route: AnyRoute): route is Route {
  return route.method !== 'WEBSOCKET' && route.options.hidden !== true
}

function info({ title, version, description, options }: DocumentSource): Json {
  const { summary, termsOfService, contact, license } = options
  return defined({ title, version, summary, description, termsOfService, contact, license })
}

/** The tags that were described, then the others in the order in which routes have them. */
function tagList(routes: readonly Route[], { tags = [] }: OpenApiOptions): Json[] | undefined {
  const described = new Set(tags.map(({ name }) => name))
  const others = new Set(routes.flatMap(({ options }) => options.tags ?? []))
  const all = [...tags, ...[...others].filter((name) => !described.has(name)).map((name) => ({ name }))]
  return all.length === 0 ? undefined : all
}

/** The methods that a path item has members for; 3.2 has room for others. */
const METHODS = new Set(['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'TRACE'])

async function writePaths(
  writing: Writing,
  routes: readonly Route[],
  names: ReadonlyMap<unknown, string>,
  slice: TimeSlice,
): Promise<Record<string, Json>> {
  const { ids, twice } = operationIds(routes, names)
  for (const id of twice) writing.report(`operationId "${id}"`, 'two routes have it. Give each its own.')
  const paths: Record<string, Json> = {}
  // Paths that differ in the names of parameters only are one path to OpenAPI.
  const templates = new Map<string, readonly string[]>()
  const kept = new Map<string, Route>()
  for (const route of routes) {
    if (slice.isOver) await slice.next()
    const isKnown = METHODS.has(route.method)
    if (!isKnown && writing.dialect === '3.1') continue
    const { template, names: own } = pathTemplate(route.path)
    const shape = template.replace(/\{[^{}]+\}/g, '{}')
    const earlier = kept.get(`${route.method} ${shape}`)
    if (earlier !== undefined) {
      // One segment and all the rest are both a name in braces.
      const one = `${earlier.method} ${earlier.path}`
      const problem = `to OpenAPI it is the same as ${one}, and is left out. Set "hidden" on one of them.`
      writing.report(`${route.method} ${route.path}`, problem)
      continue
    }
    kept.set(`${route.method} ${shape}`, route)
    const first = templates.get(shape) ?? own
    templates.set(shape, first)
    const renamed = new Map(own.map((name, index) => [name, first[index]!]))
    let index = 0
    const item = (paths[template.replace(/\{[^{}]+\}/g, () => `{${first[index++]!}}`)] ??= {})
    const written = operation(writing, route, { id: ids.get(route)!, renamed })
    if (isKnown || route.method === 'QUERY') item[route.method.toLowerCase()] = written
    else item['additionalOperations'] = { ...(item['additionalOperations'] as Json), [route.method]: written }
  }
  return paths
}

async function components(
  { dialect, schemas, errors, schemes, report }: Writing,
  slice: TimeSlice,
): Promise<Json | undefined> {
  const found = await schemas.finish(slice)
  if ('Problem' in found && 'Problem' in errors.schemas)
    report('components', 'a schema is called "Problem", which is the schema of the errors. Rename it.')
  const all = {
    schemas: { ...found, ...errors.schemas },
    responses: errors.responses,
    securitySchemes: schemes.definitions(dialect),
  }
  const used = Object.entries(all).filter(([, members]) => Object.keys(members).length > 0)
  return used.length === 0 ? undefined : Object.fromEntries(used)
}
