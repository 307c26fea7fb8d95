/** `millrace openapi`: the documents of an app, without running it. */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { readAppModule } from './app-module.ts'
import { CommandError } from './command-error.ts'

export const OPENAPI_HELP = `millrace openapi <module> [options]

Prints the OpenAPI document of the app that a module exports. Operations are called as their routes are
exported. The module is imported, the app is not started.

  --dialect <3.2|3.1>  3.1 is for generators that cannot read itemSchema (default: 3.2)
  --asyncapi           the AsyncAPI document of the WebSockets and channels instead
  --export <name>      the export that is the app, or a function that makes it (default: app, default)
  --out <file>         writes to a file instead of printing

  millrace openapi dist/app.js --dialect 3.1 --out openapi.json
`

const OPTIONS = {
  dialect: { type: 'string', default: '3.2' },
  asyncapi: { type: 'boolean', default: false },
  export: { type: 'string' },
  out: { type: 'string' },
} as const

/** @returns what is to be printed. */
export async function printDocument(args: readonly string[]): Promise<string> {
  const { values, positionals } = parse(args)
  const [path, ...more] = positionals
  if (path === undefined || more.length > 0)
    throw new CommandError(`Name one module.\n\n${OPENAPI_HELP.trim()}`, 2)
  const { dialect } = values
  if (dialect !== '3.2' && dialect !== '3.1')
    throw new CommandError(`There are the dialects 3.2 and 3.1, and no "${dialect}".`, 2)
  const { app, exports } = await readAppModule(path, values.export)
  const document = await (
    values.asyncapi ? app.asyncapi({ exports }) : app.openapi({ dialect, exports })
  ).catch((error: Error) => {
    if (error.name === 'UsageError') throw new CommandError(error.message)
    throw error
  })
  const text = `${JSON.stringify(document, null, 2)}\n`
  if (values.out === undefined) return text
  await writeFile(values.out, text).catch((error: Error) => {
    throw new CommandError(`${values.out} cannot be written: ${error.message}`)
  })
  return ''
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new CommandError(`${(error as Error).message}\n\n${OPENAPI_HELP.trim()}`, 2)
  }
}
