/**
 * Security schemes as dependencies: each reads its credentials where its scheme has them, hands them to
 * a function of the app's that knows whose they are, and refuses with the challenge of its scheme. The
 * documents read the same values.
 */
import type { Context } from '../context.ts'
import { bearerToken, challenge, namePassword, type NamePassword, schemeCredentials } from './credential.ts'
import { dependency, type FreeNames, type Used, type Uses } from './dependency.ts'
import { HttpError, UsageError } from '../error.ts'
import {
  type AnyVerify,
  asSecurity,
  missing,
  type OAuth2Flow,
  type OAuth2Flows,
  refuse,
  secure,
  type Security,
  type SecurityDefinition,
  type SecurityScheme,
  withError,
} from './guard.ts'
import { headerValue } from '../incoming.ts'

export interface SecurityOptions {
  /** Its name in the documents, which have one scheme of a name. */
  readonly name?: string
  /** Markdown for the docs. */
  readonly description?: string
  /** Tells a person what the credentials are for (RFC 9110 section 11.5). */
  readonly realm?: string
  /** Dependencies of the function that verifies. */
  readonly use?: Uses & FreeNames
}

export interface BearerOptions extends SecurityOptions {
  /** What the tokens are, for the docs: `JWT`. */
  readonly format?: string
}

export interface ApiKeyOptions extends SecurityOptions {
  readonly in: 'header' | 'query' | 'cookie'
  /** Of the header, query parameter or cookie. */
  readonly key: string
}

export interface OAuth2Options extends SecurityOptions {
  readonly flows: OAuth2Flows
}

export interface OpenIdConnectOptions extends SecurityOptions {
  /** The discovery document of the provider. */
  readonly url: string
}

/**
 * Says whose credentials they are. Nothing (`undefined`, `null`, `false`) refuses them with a 401; a
 * thrown HttpError is answered as it is.
 */
export type Verify<Credentials, O, R> = (credentials: Credentials, context: Context & Used<O>) => R

/** Who was found. */
export type Verified<R> = Exclude<Awaited<R>, undefined | null | false>

/**
 * A name and a password with every request (RFC 7617). Compare secrets with `sameSecret`, or better,
 * what a slow hash has made of them.
 *
 * @example basic(async ({ username, password }) => users.check(username, password))
 */
export function basic<R>(verify: Verify<NamePassword, {}, R>): Security<Verified<R>>
export function basic<const O extends SecurityOptions, R>(
  options: O,
  verify: Verify<NamePassword, O, R>,
): Security<Verified<R>>
export function basic(...args: Declared<SecurityOptions, NamePassword>): Security<unknown> {
  const [options, verify] = read(args, 'basic')
  const ask = challenge('Basic', { realm: options.realm ?? 'API', charset: 'UTF-8' })
  const scheme = toScheme('basic', { type: 'http', scheme: 'basic' }, options, ask)
  return secure(scheme, options, verify, ({ request }) => {
    const credentials = schemeCredentials(headerValue(request.headers, 'authorization'), 'basic')
    if (credentials === undefined) return undefined
    return { value: namePassword(credentials) ?? refuse(scheme, 'Name and password are malformed.') }
  })
}

/**
 * A token with every request (RFC 6750), in `Authorization: Bearer`. Nowhere else: a token in an
 * address ends up in logs.
 *
 * @example bearer({ format: 'JWT' }, async (token) => (await jwtVerify(token, key)).payload)
 */
export function bearer<R>(verify: Verify<string, {}, R>): Security<Verified<R>>
export function bearer<const O extends BearerOptions, R>(
  options: O,
  verify: Verify<string, O, R>,
): Security<Verified<R>>
export function bearer(...args: Declared<BearerOptions, string>): Security<unknown> {
  const [options, verify] = read(args, 'bearer')
  const { format } = options
  return secureByToken(
    'bearer',
    { type: 'http', scheme: 'bearer', ...(format === undefined ? undefined : { bearerFormat: format }) },
    options,
    verify,
  )
}

/**
 * A bearer token that was issued by an OAuth 2 server, yours or another.
 *
 * @example oauth2({ flows: { password: { tokenUrl: '/token' } } }, (token) => sessions.get(token))
 */
export function oauth2<const O extends OAuth2Options, R>(
  options: O,
  verify: Verify<string, O, R>,
): Security<Verified<R>> {
  assertVerify(verify, 'oauth2')
  const flows = Object.fromEntries(
    Object.entries(options.flows).map(([name, flow]) => [name, { scopes: {}, ...(flow as OAuth2Flow) }]),
  )
  return secureByToken('oauth2', { type: 'oauth2', flows } as SecurityDefinition, options, verify)
}

/** A bearer token of an OpenID Connect provider. */
export function openIdConnect<const O extends OpenIdConnectOptions, R>(
  options: O,
  verify: Verify<string, O, R>,
): Security<Verified<R>> {
  assertVerify(verify, 'openIdConnect')
  return secureByToken(
    'openIdConnect',
    { type: 'openIdConnect', openIdConnectUrl: options.url },
    options,
    verify,
  )
}

/**
 * A key in a header, a cookie or the query. Prefer a header: addresses end up in logs, and a browser
 * sends cookies along with what other pages ask it to send.
 *
 * @example apiKey({ in: 'header', key: 'x-api-key' }, (key) => clients.find((c) => sameSecret(key, c.key)))
 */
export function apiKey<const O extends ApiKeyOptions, R>(
  options: O,
  verify: Verify<string, O, R>,
): Security<Verified<R>> {
  assertVerify(verify, 'apiKey')
  const { in: place, key, realm } = options
  const ask = challenge('ApiKey', { realm, in: place, name: key })
  const scheme = toScheme(`${place}Key`, { type: 'apiKey', in: place, name: key }, options, ask)
  return secure(scheme, options, verify, (context) => {
    const value =
      place === 'header'
        ? headerValue(context.request.headers, key.toLowerCase())
        : (place === 'query' ? context.query : context.cookies)[key]
    if (Array.isArray(value)) refuse(scheme, `Send "${key}" once.`)
    return value === undefined || value === '' ? undefined : { value: value as string }
  })
}

/**
 * Lets in who passes any of several. Wrong credentials are refused, also beside good ones; of several good
 * ones the first in the list counts.
 *
 * @example const user = anyOf(bearer(byToken), apiKey({ in: 'header', key: 'x-api-key' }, byKey))
 */
export function anyOf<const S extends readonly [Security<unknown>, ...Security<unknown>[]]>(
  ...several: S
): Security<S[number] extends Security<infer T> ? Exclude<T, undefined> : never> {
  const alternatives = several.flatMap(({ security }) => security.alternatives)
  const use = Object.fromEntries(several.map((each, index) => [`way${index}`, each.optional()]))
  const find = (values: object) => Object.values(values).find((value) => value !== undefined) as unknown
  const make = (optional: boolean): Security<unknown> =>
    asSecurity(
      dependency({ use }, (context) => {
        const found = find(Object.keys(use).map((name) => (context as never)[name]))
        if (found === undefined && !optional) throw missing(alternatives.map(({ scheme }) => scheme))
        return found
      }),
      { alternatives, optional },
      () => make(true),
    )
  return make(several.some(({ security }) => security.optional)) as never
}

type Declared<O, Credentials> =
  | [verify: AnyVerify<Credentials>]
  | [options: O, verify: AnyVerify<Credentials>]
function read<O extends SecurityOptions, C>(args: Declared<O, C>, name: string): [O, AnyVerify<C>] {
  const [options, verify] = args.length === 1 ? [{} as O, args[0]] : args
  assertVerify(verify, name)
  return [options, verify]
}

function assertVerify(verify: unknown, name: string): void {
  if (typeof verify === 'function') return
  throw new UsageError(`${name}(options, verify): the last argument must be the function that verifies.`)
}

function toScheme(
  name: string,
  definition: SecurityDefinition,
  options: SecurityOptions,
  ask: string,
): SecurityScheme {
  const { description } = options
  return Object.freeze({
    name: options.name ?? name,
    definition: { ...definition, ...(description === undefined ? undefined : { description }) },
    challenge: ask,
  })
}

function secureByToken(
  name: string,
  definition: SecurityDefinition,
  options: SecurityOptions,
  verify: AnyVerify<string>,
): Security<never> {
  const scheme = toScheme(name, definition, options, challenge('Bearer', { realm: options.realm }))
  return secure(scheme, options, verify, ({ request }) => {
    const credentials = schemeCredentials(headerValue(request.headers, 'authorization'), 'bearer')
    if (credentials === undefined) return undefined
    const token = bearerToken(credentials)
    if (token !== undefined) return { value: token }
    throw new HttpError('BAD_REQUEST', {
      detail: 'The token in `Authorization` is malformed.',
      headers: { 'www-authenticate': withError(scheme, 'invalid_request') },
    })
  })
}
