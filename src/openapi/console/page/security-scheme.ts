/** What an operation asks of its caller, as the documents say it. */
import { asList, asText, isRecord, type JsonSchema, type Resolve, resolver } from './schema.ts'

/** Schemes that must all be satisfied, with their scopes; a list of them holds alternatives. */
export type Requirement = Readonly<Record<string, readonly string[]>>

export interface SecurityScheme {
  readonly name: string
  readonly type: string
  /** `bearer`, `basic`, for type http. */
  readonly scheme: string
  readonly description: string | undefined
  /** Where an API key goes. */
  readonly in: string
  readonly key: string
  /** Where a token can be had for a name and a password, and for a client's own credentials. */
  readonly passwordUrl: string | undefined
  readonly clientUrl: string | undefined
  /** Where somebody signs in, which this page leaves to others; of OpenID Connect, what describes that place. */
  readonly signInUrl: string | undefined
  readonly scopes: readonly string[]
}

/** The schemes of both documents. What both have is the same. */
export function readSchemes(documents: readonly unknown[]): SecurityScheme[] {
  const found = new Map<string, SecurityScheme>()
  for (const document of documents) {
    const resolve = resolver(document)
    const components = resolve(resolve(document)['components'])
    for (const [name, value] of Object.entries(resolve(components['securitySchemes'])))
      if (!found.has(name)) found.set(name, toScheme(name, resolve(value), resolve))
  }
  return [...found.values()]
}

function toScheme(name: string, own: JsonSchema, resolve: Resolve): SecurityScheme {
  const flows = resolve(own['flows'])
  const flow = (kind: string) => resolve(flows[kind])
  return {
    name,
    // AsyncAPI has a word of its own for keys in headers, queries and cookies.
    type: (asText(own['type']) ?? '').replace('httpApiKey', 'apiKey'),
    scheme: (asText(own['scheme']) ?? '').toLowerCase(),
    description: asText(own['description']),
    in: asText(own['in']) ?? 'header',
    key: asText(own['name']) ?? '',
    passwordUrl: asText(flow('password')['tokenUrl']),
    clientUrl: asText(flow('clientCredentials')['tokenUrl']),
    signInUrl:
      asText(own['openIdConnectUrl']) ??
      asText(flow('authorizationCode')['authorizationUrl']) ??
      asText(flow('implicit')['authorizationUrl']),
    scopes: Object.values(flows).flatMap((each) => {
      const { scopes, availableScopes } = resolve(each)
      return Object.keys(resolve(scopes ?? availableScopes))
    }),
  }
}

/** AsyncAPI lists alternatives, each a reference to its scheme; ours says more where that is not all. */
export function socketSecurity(operation: JsonSchema | undefined): Requirement[] {
  const all = asList(operation?.['x-security']).filter(isRecord) as Requirement[]
  return all.length > 0 ? all : asList(operation?.['security']).flatMap(toRequirement)
}

function toRequirement(reference: unknown): Requirement[] {
  const name = isRecord(reference) ? asText(reference['$ref'])?.split('/').at(-1) : undefined
  return name === undefined ? [] : [{ [name]: [] }]
}
