/** The replies of the docs page: two documents with strict headers, and the files they need. */
import { HttpError } from '../../core/error.ts'
import { createReply, htmlReply, redirectReply, type Reply } from '../../core/reply/reply.ts'
import { loadAssets } from './asset.ts'
import { consoleHtml, type DocsLinks, referenceHtml } from './html.ts'

const FOREVER = 'public, max-age=31536000, immutable'

/** No page of ours asks anybody else for anything, is framed, or takes a type on trust. */
const SECURITY = {
  'cache-control': 'no-cache',
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

const COMMON_POLICY = [
  "default-src 'none'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
]

const CONSOLE_POLICY = [
  ...COMMON_POLICY,
  "script-src 'self'",
  "style-src 'self'",
  'img-src data: blob:', // the icon; images that were received
  'media-src blob:',
].join('; ')

/** Scalar writes its styles into the page; its scripts need no exception. */
const REFERENCE_POLICY = [
  ...COMMON_POLICY,
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
].join('; ')

/** How the compressed reference is sent. Every browser takes gzip, and nobody else asks for it. */
export const REFERENCE_FILE = {
  mediaType: 'text/javascript; charset=utf-8',
  headers: { ...SECURITY, 'content-encoding': 'gzip' },
  ranges: false,
}

/** What the page's own address and those of the documents are. */
interface Place {
  readonly path: string
  readonly title: string
  readonly openapi: string
  readonly asyncapi: string | undefined
}

/** The console. */
export async function consoleReply(place: Place, target: string): Promise<Reply> {
  return withoutSlash(target) ?? page(consoleHtml(await linksFrom(place, place.path)), CONSOLE_POLICY)
}

/** The reference; where it was not packed, a page that says so. */
export async function referenceReply(place: Place, target: string, found: boolean): Promise<Reply> {
  const here = `${place.path.replace(/\/$/, '')}/reference`
  return withoutSlash(target) ?? page(referenceHtml(await linksFrom(place, here), found), REFERENCE_POLICY)
}

/**
 * One file of the page.
 *
 * @throws {HttpError} 404 for a name or version that is not there.
 */
export async function assetReply(version: string, name: string): Promise<Reply> {
  const bundle = await loadAssets()
  const asset = Object.hasOwn(bundle.files, name) ? bundle.files[name] : undefined
  if (asset === undefined || version !== bundle.version)
    throw new HttpError('NOT_FOUND', { detail: 'There is no such file. Reload the page.' })
  const headers = { ...SECURITY, 'cache-control': FOREVER }
  return createReply(asset.mediaType, { kind: 'text', text: asset.text }, { headers })
}

function page(html: string, policy: string): Reply {
  return htmlReply(html, { headers: { ...SECURITY, 'content-security-policy': policy } })
}

/** The links of the pages are relative, so that a prefix that a proxy or a mount takes away does no harm. */
function withoutSlash(target: string): Reply | undefined {
  const [path = ''] = target.split('?')
  return path.length > 1 && path.endsWith('/')
    ? redirectReply(`../${path.split('/').at(-2)}`, 308)
    : undefined
}

async function linksFrom({ path, title, openapi, asyncapi }: Place, here: string): Promise<DocsLinks> {
  const { version, files } = await loadAssets()
  const below = path.replace(/\/$/, '')
  const to = (target: string) => relativePath(here, target)
  return {
    title,
    root: to('/'),
    console: to(path),
    reference: to(`${below}/reference`),
    referenceFile: to(`${below}/reference.js`),
    openapi: to(openapi),
    asyncapi: asyncapi === undefined ? '' : to(asyncapi),
    assets: to(`${below}/assets/${version}/`),
    scripts: Object.keys(files).filter((name) => name.endsWith('.js')),
  }
}

/** The way from one path to another, as a browser resolves it: `/a/docs`, `/openapi.json` → `../openapi.json`. */
export function relativePath(from: string, to: string): string {
  const here = from.split('/').slice(1, -1)
  const there = to.split('/').slice(1)
  let common = 0
  while (common < here.length && common < there.length - 1 && here[common] === there[common]) common++
  const way = '../'.repeat(here.length - common) + there.slice(common).join('/')
  return way === '' || way.startsWith('/') ? `./${way}` : way
}
