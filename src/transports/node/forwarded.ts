/**
 * Who asked, behind proxies: `X-Forwarded-For`, `-Proto` and `-Host`, or `Forwarded` (RFC 7239).
 *
 * Anybody can send these fields, so they are believed only as far as a chain of trusted proxies reaches.
 * Each proxy adds at the end whom it got the request from; the chain is followed from our peer backwards,
 * and ends at the first address that is not a trusted proxy. That is the client. What stands before it
 * was written by the client, and is not looked at.
 */
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { BlockList, isIP } from 'node:net'
import { HttpError, UsageError } from '../../core/error.ts'
import { headerValue, type IncomingHeaders, type Peer } from '../../core/incoming.ts'
import { isHost } from '../../wire/host.ts'
import { NodeIncoming } from './incoming.ts'

/** Which proxies are believed, and in which fields. */
export interface ProxyTrust {
  /** Addresses, networks (`10.0.0.0/8`, `fd00::/8`), `loopback` or `private`, of the proxies that are believed. */
  readonly addresses?: readonly string[]
  /** Instead of addresses: how many proxies stand in front, whatever theirs are. */
  readonly hops?: number
  /** What the proxies write: `x-forwarded` (default), or the standard's `forwarded`. The other is not read. */
  readonly fields?: 'x-forwarded' | 'forwarded'
}

/** A number of hops, a list of addresses, or both ways with the fields to read. */
export type TrustProxy = number | readonly string[] | ProxyTrust

const NETWORKS: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
}

/** One link of the chain, as a proxy wrote it. */
interface Link {
  readonly address: string | undefined
  readonly port: number | undefined
}

/** What the proxies say of a request. */
interface Forwarded {
  readonly client: Link
  readonly proto: string | undefined
  readonly host: string | undefined
}

/** Reads forwarded fields of the requests of one server. */
export class ProxyReader {
  readonly #isTrusted: (address: string | undefined, hops: number) => boolean
  readonly #read: (headers: IncomingHeaders) => Chain

  /** @throws {UsageError} for addresses that are none, and for a number of hops that is none. */
  constructor(trust: TrustProxy) {
    const given: ProxyTrust =
      typeof trust === 'number' ? { hops: trust } : 'length' in trust ? { addresses: trust } : trust
    const { addresses, hops, fields = 'x-forwarded' } = given
    if ((addresses === undefined) === (hops === undefined))
      throw new UsageError('trustProxy takes either addresses or a number of hops.')
    if (hops !== undefined && !(Number.isInteger(hops) && hops > 0))
      throw new UsageError(`trustProxy: hops is a number of proxies from 1 up, not ${hops}.`)
    const list = toBlockList(addresses ?? [])
    this.#isTrusted = hops === undefined ? (address) => isListed(list, address) : (_, count) => count < hops
    this.#read = fields === 'forwarded' ? readForwarded : readXForwarded
  }

  /** @throws {HttpError} 400 when what a trusted proxy sent cannot be understood. */
  read(peer: string | undefined, headers: IncomingHeaders): Forwarded | undefined {
    if (!this.#isTrusted(peer, 0)) return undefined
    const chain = this.#read(headers)
    let client: Link | undefined
    let hops = 0
    for (let at = chain.length - 1; at >= 0 && this.#isTrusted(client?.address ?? peer, hops); at--) {
      client = chain.client(at)
      hops++
      // A proxy that hides whom it got it from ends what can be known.
      if (client.address === undefined) break
    }
    const { proto, host } = chain.seen(Math.max(1, hops))
    if (client === undefined && proto === undefined && host === undefined) return undefined
    return {
      client: client ?? { address: peer, port: undefined },
      proto: checkProto(proto),
      host: checkHost(host),
    }
  }
}

/** The entries of the fields, the newest one last. */
interface Chain {
  readonly length: number
  client(at: number): Link
  /** What the proxy that is so many hops away saw itself. */
  seen(hops: number): { readonly proto: string | undefined; readonly host: string | undefined }
}

function readXForwarded(headers: IncomingHeaders): Chain {
  const addresses = list(headerValue(headers, 'x-forwarded-for'))
  const protos = list(headerValue(headers, 'x-forwarded-proto'))
  const hosts = list(headerValue(headers, 'x-forwarded-host'))
  // A list that is shorter than the chain was overwritten on the way, by a proxy that is trusted.
  const pick = (values: readonly string[], hops: number) => values[Math.max(0, values.length - hops)]
  return {
    length: addresses.length,
    client: (at) => readNode(addresses[at]!),
    seen: (hops) => ({ proto: pick(protos, hops), host: pick(hosts, hops) }),
  }
}

/** RFC 7239 section 4: `for=192.0.2.60;proto=https, for="[2001:db8::17]:4711"`. */
function readForwarded(headers: IncomingHeaders): Chain {
  const value = headerValue(headers, 'forwarded')
  const elements = value === undefined ? [] : splitOutsideQuotes(value, ',').filter((each) => each !== '')
  const at = (index: number) => readElement(elements[index])
  return {
    length: elements.length,
    client: (index) => readNode(at(index)['for'] ?? 'unknown'),
    seen: (hops) => {
      const { proto, host } = at(Math.max(0, elements.length - hops))
      return { proto, host }
    },
  }
}

function readElement(element: string | undefined): Readonly<Record<string, string | undefined>> {
  const pairs: Record<string, string> = Object.create(null) as Record<string, string>
  for (const pair of splitOutsideQuotes(element ?? '', ';')) {
    if (pair === '') continue
    const parts = /^([!#$%&'*+\-.^_`|~\w]+)=(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+\-.^_`|~\w]+))$/.exec(pair)
    const name = parts?.[1]?.toLowerCase()
    if (parts === null || name === undefined || name in pairs) throw malformed('Forwarded')
    pairs[name] = parts[3] ?? parts[2]!.replace(/\\(.)/g, '$1')
  }
  return pairs
}

/** A quote without an end hides nothing: a client may have written it, and the proxies stand behind it. */
function splitOutsideQuotes(value: string, separator: ',' | ';'): string[] {
  const pieces: string[] = []
  let start = 0
  let quotes = true
  for (let at = 0; at < value.length; at++) {
    if (value[at] === separator) {
      pieces.push(value.slice(start, at).trim())
      start = at + 1
    } else if (quotes && value[at] === '"') {
      const end = endOfQuoted(value, at)
      // Then all later quotes lack an end, too; to look for each of them takes quadratic time (issue 11).
      quotes = end !== -1
      if (quotes) at = end
    }
  }
  pieces.push(value.slice(start).trim())
  return pieces
}

/** Where a quoted string (RFC 9110 section 5.6.4) ends; -1 when it does not. */
function endOfQuoted(value: string, start: number): number {
  for (let at = start + 1; at < value.length; at++) {
    if (value[at] === '\\') at++
    else if (value[at] === '"') return at
  }
  return -1
}

function list(value: string | undefined): readonly string[] {
  if (value === undefined) return []
  return value
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
}

/** An address with or without a port; of IPv6 in brackets where it has one. */
function readNode(text: string): Link {
  if (/^(unknown|_[\w.-]+)(:[\w.-]+)?$/i.test(text)) return { address: undefined, port: undefined }
  const parts = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+))(?::(\d{1,5}))?$/i.exec(text)
  const address = parts === null ? text : (parts[1] ?? parts[2]!)
  const port = parts?.[3] === undefined ? undefined : Number(parts[3])
  if (isIP(address) === 0 || (port !== undefined && port > 65_535)) throw malformed('for')
  return { address: plain(address), port }
}

function checkProto(proto: string | undefined): string | undefined {
  const lower = proto?.toLowerCase()
  if (lower !== undefined && !/^(https?|wss?)$/.test(lower)) throw malformed('proto')
  return lower
}

function checkHost(host: string | undefined): string | undefined {
  if (host !== undefined && !isHost(host)) throw malformed('host')
  return host
}

function malformed(what: string): HttpError {
  return new HttpError('BAD_REQUEST', { detail: `The forwarded field is malformed (${what}).` })
}

/** IPv4 in the clothes of IPv6, as sockets that take both tell it, is IPv4. */
function plain(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address
}

function isListed(trusted: BlockList, address: string | undefined): boolean {
  if (address === undefined) return false
  const known = plain(address)
  return trusted.check(known, isIP(known) === 6 ? 'ipv6' : 'ipv4')
}

function toBlockList(addresses: readonly string[]): BlockList {
  const trusted = new BlockList()
  for (const text of addresses.flatMap((each) => NETWORKS[each] ?? each)) {
    const [address = '', bits, ...more] = text.split('/')
    const version = isIP(address)
    const most = version === 6 ? 128 : 32
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Infinity
    if (version === 0 || more.length > 0 || prefix > most) {
      const kinds = Object.keys(NETWORKS).join(', ')
      throw new UsageError(`trustProxy: "${text}" is no address and no network. There are also: ${kinds}.`)
    }
    trusted.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4')
  }
  return trusted
}

/** A request as the trusted proxies in front of the server saw it. */
export class ForwardedIncoming extends NodeIncoming {
  readonly #forwarded: Forwarded
  #seen: IncomingHeaders | undefined

  constructor(message: IncomingMessage | Http2ServerRequest, forwarded: Forwarded, upgrade = false) {
    super(message, upgrade)
    this.#forwarded = forwarded
  }

  override get headers(): IncomingHeaders {
    const { host } = this.#forwarded
    return (this.#seen ??= host === undefined ? super.headers : { ...super.headers, host })
  }

  override get peer(): Peer {
    const { client, proto } = this.#forwarded
    const encrypted = proto === undefined ? super.peer.encrypted : proto === 'https' || proto === 'wss'
    return { ...client, encrypted }
  }
}
