/** Request targets: the routes of the app, and what comes close to one. */
import type { Random } from '../../promise/random.ts'

/** Routes that reply to a GET, soon, and always. */
export const READING = [
  '/',
  '/json',
  '/large',
  '/bytes',
  '/nothing',
  '/items/7',
  '/files/a/b/c.txt',
  '/query?a=1&b=2&a=3',
  '/typed-query?a=1&list=x&list=y',
  '/cookies',
  '/headers',
  '/peer',
  '/file',
  '/report',
  '/resource',
  '/slow',
  '/redirect',
  '/finish',
  '/jsonl',
  '/sse',
  '/seq',
  '/array',
  '/text',
  '/any',
  '/upper',
  '/blocks',
  '/trailer',
  '/stream',
  '/public/index.html',
  '/public/',
  '/inner/deep/4',
  '/fetch/path',
  '/throw',
  '/handled',
  '/refuse',
  '/first-throws',
  '/throw-proxy',
  '/openapi.json',
  '/docs',
  '/not-there',
]

/** Routes that read a body. */
export const WRITING = [
  '/echo',
  '/json',
  '/tree',
  '/free',
  '/form',
  '/parts',
  '/any-parts',
  '/save',
  '/lines',
  '/raw',
  '/relay',
  '/uploads',
  '/unread',
  '/inner/echo',
  '/fetch/body',
]

/** Routes that fail, wait or do not end by themselves. */
const HARD = [
  '/wait',
  '/endless',
  '/news',
  '/stream-throws',
  '/stream-proxy',
  '/fetch/throw',
  '/ws/echo',
  '/asyncapi.json',
]

const ODD = [
  '*',
  '//',
  '/%',
  '/%zz',
  '/%00',
  '/%ff',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/public/../target/main.mjs',
  '/public/%2e%2e/saved',
  '/public/file.txt%00.html',
  '/files/a%2fb',
  '/files//a//b',
  '/items/',
  '/items/x',
  '/items/1e400',
  '/a'.repeat(500),
  `/${'x'.repeat(20_000)}`,
  `/query?${'a=b&'.repeat(2000)}`,
  '/query?__proto__=1&constructor[prototype][x]=1',
  '/query?%=&&&==',
  'http://a/json',
  'http://',
  'https://user@b:99999/json?x#y',
  'a:80',
  'foo',
  '?',
  '/json#fragment',
  '/json?\x80\xff',
  '\\..\\..',
  '/ws/guarded',
  '/uploads/00000000-0000-4000-8000-000000000000',
  '/uploads/..%2f..%2fsaved',
]

export function target(random: Random): { readonly path: string; readonly isWriting: boolean } {
  const kind = random.next()
  if (kind < 0.45) return { path: random.pick(READING), isWriting: false }
  if (kind < 0.75) return { path: random.pick(WRITING), isWriting: true }
  if (kind < 0.85) return { path: random.pick(HARD), isWriting: false }
  return { path: random.pick(ODD), isWriting: random.chance(0.3) }
}
