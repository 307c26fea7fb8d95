/** Starts Scalar's reference, with everything turned off that would ask another server. */

import { applyTheme, chosenTheme } from './theme.tsx'

interface Scalar {
  createApiReference(element: Element, configuration: Readonly<Record<string, unknown>>): unknown
}

declare global {
  interface Window {
    readonly Scalar?: Scalar
  }
}

const element = document.querySelector<HTMLElement>('#reference')
const { openapi = '', asyncapi = '', title = '' } = element?.dataset ?? {}

/** An app without WebSockets has no document for them. */
async function exists(url: string): Promise<boolean> {
  if (url === '') return false
  try {
    return (await fetch(url, { method: 'HEAD' })).ok
  } catch {
    return false
  }
}

async function start(scalar: Scalar, target: Element): Promise<void> {
  const theme = chosenTheme()
  applyTheme(theme)
  const isDark = theme === 'auto' ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark'
  const http = { url: new URL(openapi, location.href).href, title, slug: 'http', default: true }
  const sockets = { url: new URL(asyncapi, location.href).href, title: 'WebSockets', slug: 'websockets' }
  scalar.createApiReference(target, {
    sources: (await exists(asyncapi)) ? [http, sockets] : [http],
    withDefaultFonts: false,
    telemetry: false,
    agent: { disabled: true },
    mcp: { disabled: true },
    showDeveloperTools: 'never',
    hideClientButton: true,
    // Running is the console's.
    hideTestRequestButton: true,
    // The theme is the one that was chosen in the console.
    hideDarkModeToggle: true,
    forceDarkModeState: isDark ? 'dark' : 'light',
  })
}

if (element !== null && window.Scalar !== undefined) void start(window.Scalar, element)
