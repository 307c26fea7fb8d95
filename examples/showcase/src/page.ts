import type { App } from 'millrace'

/** The page may load its own files and talk to its own server. Nothing else. */
const headers = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "media-src 'self'",
    'img-src data:', // the icon
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
}

/** The files of `public/`, and `/` for the page itself. They are no part of the API. */
export function servePage(app: App): void {
  app.static('/', new URL('../public/', import.meta.url), { headers })
}
