/**
 * What stands behind the security schemes: dependencies that let pass or refuse, and that say in a form the
 * documents can read what they ask for.
 */
import type { Context } from '../context.ts'
import { challenge, unauthorized } from './credential.ts'
import { type Dependency, dependency, type FreeNames, type Uses } from './dependency.ts'
import { HttpError } from '../error.ts'

/** A flow of OAuth 2: its addresses, and its scopes with what they allow. */
export interface OAuth2Flow {
  readonly authorizationUrl?: string
  readonly tokenUrl?: string
  readonly deviceAuthorizationUrl?: string
  readonly refreshUrl?: string
  readonly scopes?: Readonly<Record<string, string>>
}

/** The flows by their names in OpenAPI. */
export interface OAuth2Flows {
  readonly authorizationCode?: OAuth2Flow & { readonly authorizationUrl: string; readonly tokenUrl: string }
  readonly clientCredentials?: OAuth2Flow & { readonly tokenUrl: string }
  readonly password?: OAuth2Flow & { readonly tokenUrl: string }
  readonly implicit?: OAuth2Flow & { readonly authorizationUrl: string }
  /** Documents of OpenAPI 3.2 only. */
  readonly deviceAuthorization?: OAuth2Flow & {
    readonly deviceAuthorizationUrl: string
    readonly tokenUrl: string
  }
}

/** A scheme as OpenAPI describes it. */
export type SecurityDefinition =
  | { readonly type: 'http'; readonly scheme: 'basic' }
  | { readonly type: 'http'; readonly scheme: 'bearer'; readonly bearerFormat?: string }
  | { readonly type: 'apiKey'; readonly in: 'header' | 'query' | 'cookie'; readonly name: string }
  | { readonly type: 'oauth2'; readonly flows: OAuth2Flows }
  | { readonly type: 'openIdConnect'; readonly openIdConnectUrl: string }

/** A scheme, under the name it has in the documents. */
export interface SecurityScheme {
  readonly name: string
  readonly definition: SecurityDefinition & { readonly description?: string }
  /** What it asks for credentials with. */
  readonly challenge: string
}

/** One way to be let in: a scheme and the scopes it takes. */
export interface SecurityRequirement {
  readonly scheme: SecurityScheme
  readonly scopes: readonly string[]
}

/** What a security dependency asks for. */
export interface SecurityDemand {
  /** One of them is enough. */
  readonly alternatives: readonly SecurityRequirement[]
  /** Whether a request without credentials passes. */
  readonly optional: boolean
}

/** A dependency that says who is asking, or refuses. */
export interface Security<out T> extends Dependency<T> {
  readonly security: SecurityDemand
  /**
   * The same, but only for whom all these scopes were granted: those in the value's `scopes`, a list of
   * strings. Others get a 403 that names the scopes.
   */
  scoped(
    this: Security<{ readonly scopes: readonly string[] }>,
    ...scopes: [string, ...string[]]
  ): Security<T>
  /** The same, but a request without credentials passes with `undefined`. Wrong ones are still refused. */
  optional(): Security<T | undefined>
}

/** Whether a dependency is one of these. */
export function isSecurity(value: Dependency<unknown>): value is Security<unknown> {
  return 'security' in value
}

/** Says whose credentials they are; see Verify. */
export type AnyVerify<Credentials> = (credentials: Credentials, context: never) => unknown
/** Undefined where there are none. */
type ReadCredentials<Credentials> = (context: Context) => { readonly value: Credentials } | undefined

/**
 * The dependency of one scheme.
 *
 * @param use dependencies of the function that verifies.
 */
export function secure<Credentials>(
  scheme: SecurityScheme,
  { use }: { readonly use?: Uses & FreeNames },
  verify: AnyVerify<Credentials>,
  readCredentials: ReadCredentials<Credentials>,
): Security<never> {
  const check = async (credentials: Credentials, context: Context): Promise<unknown> => {
    const found = await verify(credentials, context as never)
    return found === undefined || found === null || found === false ? refuse(scheme) : found
  }
  const make = (optional: boolean): Security<unknown> => {
    const create = (context: Context) => {
      const credentials = readCredentials(context)
      if (credentials !== undefined) return check(credentials.value, context)
      if (optional) return undefined
      throw missing([scheme])
    }
    const made = use === undefined ? dependency(create) : dependency({ use }, create as never)
    return asSecurity(made, { alternatives: [{ scheme, scopes: [] }], optional }, () => make(true))
  }
  return make(false) as Security<never>
}

export function asSecurity(
  made: Dependency<unknown>,
  security: SecurityDemand,
  optional: () => Security<unknown>,
): Security<unknown> {
  const self: Security<unknown> = Object.freeze({
    ...made,
    security,
    optional: () => (security.optional ? self : optional()),
    scoped: (...scopes: string[]) => scoped(self, scopes),
  }) as Security<unknown>
  return self
}

/** Through the one it was made of, so that a test that replaces that one replaces this too. */
function scoped(base: Security<unknown>, scopes: readonly string[]): Security<unknown> {
  const { alternatives, optional } = base.security
  const made = dependency({ use: { base } }, (context) => {
    const value = context.base
    if (value === undefined && optional) return undefined
    const granted = (value as { readonly scopes?: unknown }).scopes
    if (!Array.isArray(granted))
      throw new TypeError('A dependency with scopes must give a value with `scopes`, a list of strings.')
    if (scopes.every((scope) => granted.includes(scope))) return value
    throw insufficient(alternatives[0]!.scheme, scopes)
  })
  const demand = {
    alternatives: alternatives.map((each) => ({
      ...each,
      scopes: [...new Set([...each.scopes, ...scopes])],
    })),
    optional,
  }
  return asSecurity(made, demand, () => scoped(base.optional(), scopes))
}

export function missing(schemes: readonly SecurityScheme[]): HttpError {
  return unauthorized(
    schemes.map((scheme) => scheme.challenge),
    'Credentials are needed. Send them as `WWW-Authenticate` says.',
  )
}

/** @throws {HttpError} 401 for credentials that are there and wrong. */
export function refuse(scheme: SecurityScheme, detail = 'The credentials are not valid.'): never {
  throw unauthorized([withError(scheme, 'invalid_token')], detail)
}

/** @returns the 403 of RFC 6750 section 3.1. */
function insufficient(scheme: SecurityScheme, scopes: readonly string[]): HttpError {
  return new HttpError('FORBIDDEN', {
    detail: `This takes the scope ${scopes.join(' ')}.`,
    headers: { 'www-authenticate': withError(scheme, 'insufficient_scope', { scope: scopes.join(' ') }) },
  })
}

/** The challenge with an error code, where the scheme has such (RFC 6750 section 3). */
export function withError(scheme: SecurityScheme, error: string, more: Record<string, string> = {}): string {
  if (!scheme.challenge.startsWith('Bearer')) return scheme.challenge
  const separator = scheme.challenge === 'Bearer' ? ' ' : ', '
  return scheme.challenge + separator + challenge('', { error, ...more }).trimStart()
}
