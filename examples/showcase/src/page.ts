import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type App, reply } from 'millrace'

const folder = fileURLToPath(new URL('../public/', import.meta.url))

/** The page may load its own files and talk to its own server. Nothing else. */
const headers = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    'img-src data:', // the icon
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cache-control': 'no-cache',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/**
 * One route per file of `public/`, and `/` for the page itself: a name that is not a file there is a 404. They
 * are no part of the API, so its documents leave them out.
 */
export function servePage(app: App): void {
  for (const name of readdirSync(folder)) {
    const path = name === 'index.html' ? '/' : `/${name}`
    app.get(path, { hidden: true }, () => reply.file(folder + name, { headers }))
  }
}
