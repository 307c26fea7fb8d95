/** Loads the documents and draws the console. */
import { render } from 'preact'
import { App } from './app.tsx'
import { readDocument } from './document.ts'
import { asList, asText, isRecord } from './schema.ts'

const element = document.querySelector<HTMLElement>('#console')
if (element !== null) void start(element)

async function start(place: HTMLElement): Promise<void> {
  const { root = './', openapi = '', asyncapi = '' } = place.dataset
  render(<p class="plain muted">Loading the document…</p>, place)
  try {
    const [http, sockets] = await Promise.all([load(openapi), load(asyncapi).catch(() => undefined)])
    const api = readDocument(http, sockets)
    render(<App document={api} root={rootOf(http, new URL(root, location.href))} />, place)
  } catch (error) {
    const reason = (error as Error).message
    render(
      <main class="plain">
        <h1>There is no document</h1>
        <p>
          The console reads <a href={openapi}>{openapi}</a>, which could not be loaded: {reason}
        </p>
      </main>,
      place,
    )
  }
}

async function load(url: string): Promise<unknown> {
  if (url === '') throw new Error('the app does not serve one.')
  const response = await fetch(url, { headers: { accept: 'application/json' } })
  if (!response.ok) throw new Error(`it was answered with ${response.status}.`)
  return response.json()
}

/** Where paths start: the document's first server of this origin that says more than "here", or the page's own root. */
function rootOf(document: unknown, own: URL): string {
  const servers = isRecord(document) ? asList(document['servers']) : []
  for (const server of servers) {
    const url = isRecord(server) ? asText(server['url']) : undefined
    if (url === undefined || url === '/' || !URL.canParse(url, own)) continue
    const found = new URL(url.endsWith('/') ? url : `${url}/`, own)
    if (found.origin === own.origin) return found.href
  }
  return own.href
}
