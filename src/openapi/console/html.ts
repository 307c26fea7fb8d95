/** The two documents of the docs page. Everything that comes from outside is escaped here. */

/** What the pages link to; all of it relative. */
export interface DocsLinks {
  readonly title: string
  /** Where the app's paths start. */
  readonly root: string
  readonly console: string
  readonly reference: string
  readonly referenceFile: string
  readonly openapi: string
  readonly asyncapi: string
  /** The folder of the page's files. */
  readonly assets: string
  /** The names of the scripts in it, to be loaded at once and not one after another. */
  readonly scripts: readonly string[]
}

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' fill='none' stroke='%230f7480' " +
  "stroke-width='3' stroke-linecap='round'%3E%3Ccircle cx='16' cy='13' r='8.5'/%3E%3Cpath d='M16 4.5v17M7.5 13h17" +
  "M3 27c2.2-2 4.3-2 6.5 0s4.3 2 6.5 0 4.3-2 6.5 0 4.3 2 6.5 0'/%3E%3C/svg%3E"

const MARK =
  '<svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><circle cx="16" cy="13" r="8.5"/>' +
  '<path d="M16 4.5v17M7.5 13h17M3 27c2.2-2 4.3-2 6.5 0s4.3 2 6.5 0 4.3-2 6.5 0 4.3 2 6.5 0"/></svg>'

/** The console's own style sheets, the later ones over the earlier. */
const STYLES = ['control', 'operation', 'result', 'row', 'narrow']

/** The console: an empty page that its script fills. */
export function consoleHtml(links: DocsLinks): string {
  const { scripts, assets, root, openapi, asyncapi } = links
  const preload = scripts.map((name) => `<link rel="modulepreload" href="${escape(assets + name)}">`)
  const styles = STYLES.map((name) => `<link rel="stylesheet" href="${escape(`${assets}${name}.css`)}">`)
  return documentHtml(
    links,
    'Console',
    [...styles, ...preload, script(assets + 'main.js')],
    `${headerHtml(links, 'console')}
<div id="console" data-root="${escape(root)}" data-openapi="${escape(openapi)}" data-asyncapi="${escape(asyncapi)}">
<noscript><p class="plain">The console needs JavaScript. The document is <a href="${escape(openapi)}">here</a>.</p></noscript>
</div>`,
  )
}

/** The reference: Scalar, told to ask nobody but this server. */
export function referenceHtml(links: DocsLinks, found: boolean): string {
  const { assets, referenceFile, openapi, asyncapi, title } = links
  if (!found)
    return documentHtml(
      links,
      'Reference',
      [],
      `${headerHtml(links, 'reference')}
<main class="plain">
<h1>The reference is not installed</h1>
<p>This installation was built without a connection to the package registry, so Scalar's API reference is not in it.
Run <code>npm run build</code> again when there is one, or install a published version of Millrace.</p>
<p>Everything can be read and run in the <a href="${escape(links.console)}">console</a>, and the document is at
<a href="${escape(openapi)}">${escape(openapi)}</a>.</p>
</main>`,
    )
  return documentHtml(
    links,
    'Reference',
    [`<script src="${escape(referenceFile)}" defer></script>`, script(assets + 'reference.js')],
    `${headerHtml(links, 'reference')}
<div id="reference" data-title="${escape(title)}" data-openapi="${escape(openapi)}" data-asyncapi="${escape(asyncapi)}"></div>`,
  )
}

function documentHtml(
  { title, assets }: DocsLinks,
  name: string,
  head: readonly string[],
  body: string,
): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}: ${name}</title>
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="${escape(assets)}page.css">
${head.join('\n')}
</head>
<body>
${body}
</body>
</html>
`
}

function headerHtml({ title, console, reference }: DocsLinks, here: 'console' | 'reference'): string {
  const link = (name: 'console' | 'reference', text: string, href: string) =>
    `<a href="${escape(href)}"${name === here ? ' aria-current="page"' : ''}>${text}</a>`
  return `<header class="masthead">
${MARK}<span class="title">${escape(title)}</span>
<nav aria-label="Docs">${link('console', 'Console', console)}${link('reference', 'Reference', reference)}</nav>
<span id="masthead-end"></span>
</header>`
}

function script(src: string): string {
  return `<script type="module" src="${escape(src)}"></script>`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text for an element or an attribute in quotes. */
function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!)
}
