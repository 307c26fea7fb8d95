/**
 * Puts the docs page into the built package: runs after the compiler, as a part of `npm run build`.
 *
 * The browser's modules (`src/openapi/console/page`), preact and the style sheets become one module of text,
 * `dist/openapi/console/bundle.js`, so that the page is there where there is no disk. Nothing is bundled or
 * minified: the modules keep their borders, and only what they import is written as it is served, `./name.js`.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { vendorReference } from './reference.mjs'

const ROOT = join(import.meta.dirname, '..')
const CONSOLE = join(ROOT, 'dist/openapi/console')
const PAGE = join(CONSOLE, 'page')
const PACKAGES = join(ROOT, 'node_modules')

/** What the modules import by name, and the file that it is. */
const LIBRARIES = {
  preact: 'preact/dist/preact.mjs',
  'preact/hooks': 'preact/hooks/dist/hooks.mjs',
  'preact/jsx-runtime': 'preact/jsx-runtime/dist/jsxRuntime.mjs',
}

const JAVASCRIPT = 'text/javascript; charset=utf-8'
/** A statement at the start of its line, or behind another: what looks like one may also be text. */
const IMPORT = /(?<=^|;)((?:import|export)\b(?:[^"'\n;]*\bfrom)?\s*)(["'])([^"'\n]+)\2/gm

/** The name under which a module is served. */
function nameOf(path) {
  const name = path.startsWith(PACKAGES)
    ? basename(path).replace(/\.mjs$/, '.js')
    : relative(path.startsWith(PAGE) ? PAGE : join(ROOT, 'dist'), path)
  return name.replaceAll(/[/\\]/g, '-')
}

function resolveImport(specifier, importer) {
  if (specifier.startsWith('.')) return join(dirname(importer), specifier)
  const library = LIBRARIES[specifier]
  if (library === undefined)
    throw new Error(`${importer} imports "${specifier}", which the page does not have.`)
  return join(PACKAGES, library)
}

/** A module and everything it imports. */
function collect(path, files) {
  const name = nameOf(path)
  if (files[name] !== undefined) return
  files[name] = { mediaType: JAVASCRIPT, text: '' }
  const found = []
  const source = readFileSync(path, 'utf8')
    .replaceAll(/^\/\/# sourceMappingURL=.*$/gm, '')
    .replaceAll(IMPORT, (_all, keyword, quote, specifier) => {
      const target = resolveImport(specifier, path)
      found.push(target)
      return `${keyword}${quote}./${nameOf(target)}${quote}`
    })
  files[name].text = `${noticeOf(path)}${source.trimEnd()}\n`
  for (const target of found) collect(target, files)
}

/** The licence of a library travels with its file. */
function noticeOf(path) {
  if (!path.startsWith(PACKAGES)) return ''
  const folder = join(PACKAGES, relative(PACKAGES, path).split(/[/\\]/)[0])
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return `/*!\n${name} ${version}\n\n${readFileSync(join(folder, 'LICENSE'), 'utf8').trim()}\n*/\n`
}

const files = {}
for (const entry of ['main.js', 'reference.js']) collect(join(PAGE, entry), files)
const SOURCE = join(ROOT, 'src/openapi/console/page')
for (const name of readdirSync(SOURCE).filter((each) => each.endsWith('.css')))
  files[name] = { mediaType: 'text/css; charset=utf-8', text: readFileSync(join(SOURCE, name), 'utf8') }
const version = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 12)
writeFileSync(
  join(CONSOLE, 'bundle.js'),
  `/** Written by scripts/console.mjs. */\nexport const version = '${version}'\nexport const files = ${JSON.stringify(files)}\n`,
)
// They have been copied, and need what the package does not install.
rmSync(PAGE, { recursive: true })

await vendorReference(join(CONSOLE, 'reference.js.gz'), join(ROOT, '.cache'))
