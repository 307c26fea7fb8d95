/** Finds the app in a module of its author's. */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { AsyncApiDocument, Exports, OpenApiDocument } from '../core/documentation.ts'
import { CommandError } from './command-error.ts'

/** An app as commands see it. By shape, since the command and the module may have millrace installed twice. */
export interface DocumentedApp {
  openapi(request: { dialect: '3.2' | '3.1'; exports: Exports }): Promise<OpenApiDocument>
  asyncapi(request: { exports: Exports }): Promise<AsyncApiDocument>
}

export interface AppModule {
  readonly app: DocumentedApp
  readonly exports: Exports
}

/**
 * @param name of the export; default: `app`, `default`, or the only app among the exports.
 * @throws {CommandError} that says what to do.
 */
export async function readAppModule(path: string, name: string | undefined): Promise<AppModule> {
  const file = resolve(path)
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    throw new CommandError(`There is no file ${file}.`)
  const exports = await load(file)
  const found = name === undefined ? findApp(exports, path) : await namedApp(exports, path, name)
  return { app: found, exports }
}

async function load(file: string): Promise<Exports> {
  // What a module prints must not end up in the document, now or later.
  Object.assign(console, { log: console.error, info: console.error, debug: console.error })
  try {
    return (await import(pathToFileURL(file).href)) as Exports
  } catch (error) {
    if (isUnreadTypeScript(error as NodeJS.ErrnoException)) {
      throw new CommandError(
        `This Node (${process.version}) cannot read TypeScript: ${(error as Error).message}\n\n` +
          'Build it and name the .js file, or let tsx read it: NODE_OPTIONS=--import=tsx npx millrace openapi ...\n' +
          'Node 22.18 and later read TypeScript whose types can be left out (no enum, namespace or parameter property).',
      )
    }
    throw new CommandError(`${file} cannot be loaded:\n${(error as Error).stack ?? String(error)}`)
  }
}

/** The module itself, or one that it imports. */
function isUnreadTypeScript({ code, message }: NodeJS.ErrnoException): boolean {
  return (
    code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' ||
    (code === 'ERR_UNKNOWN_FILE_EXTENSION' && /"\.[cm]?tsx?"/.test(message))
  )
}

function findApp(exports: Exports, path: string): DocumentedApp {
  for (const name of ['app', 'default']) {
    const value = exports[name]
    if (isApp(value)) return value
  }
  const apps = Object.entries(exports).filter(([, value]) => isApp(value))
  if (apps.length === 1) return apps[0]![1] as DocumentedApp
  const names = Object.keys(exports).join(', ') || 'nothing'
  throw new CommandError(
    apps.length === 0
      ? `${path} exports no app. It exports: ${names}. Export the app (export const app = new App()), or name a function that makes it: --export createApp.`
      : `${path} exports several apps: ${apps.map(([name]) => name).join(', ')}. Choose one with --export.`,
  )
}

/** A function that makes the app is called without arguments. */
async function namedApp(exports: Exports, path: string, name: string): Promise<DocumentedApp> {
  const value = exports[name]
  const made = typeof value === 'function' ? await call(value as () => unknown, path, name) : value
  if (isApp(made)) return made
  const names = Object.keys(exports).join(', ') || 'nothing'
  throw new CommandError(
    value === undefined
      ? `${path} does not export "${name}". It exports: ${names}.`
      : `"${name}" of ${path} is no app, and no function that makes one without arguments.`,
  )
}

async function call(make: () => unknown, path: string, name: string): Promise<unknown> {
  try {
    return await make()
  } catch (error) {
    throw new CommandError(
      `${name}() of ${path} failed. It is called without arguments:\n${(error as Error).stack ?? String(error)}`,
    )
  }
}

function isApp(value: unknown): value is DocumentedApp {
  if (typeof value !== 'object' || value === null) return false
  return ['openapi', 'asyncapi'].every((method) => typeof (value as Exports)[method] === 'function')
}
