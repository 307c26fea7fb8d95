#!/usr/bin/env node
/** The command line: `millrace <command>`. */
import { CommandError } from './command-error.ts'
import { OPENAPI_HELP, printDocument } from './openapi.ts'

const HELP = `millrace <command>

  openapi   prints the OpenAPI or AsyncAPI document of an app

millrace <command> --help says more.
`

const [command, ...rest] = process.argv.slice(2)

/** Waits until everything is written; then it ends, also when the app it has read holds on to something. */
function finish(text: string, code: number): void {
  const stream = code === 0 ? process.stdout : process.stderr
  stream.write(text, () => process.exit(code))
}

try {
  if (command === undefined || command === '--help' || command === 'help')
    finish(HELP, command === undefined ? 2 : 0)
  else if (command !== 'openapi')
    throw new CommandError(`There is no command "${command}".\n\n${HELP.trim()}`, 2)
  else if (rest.includes('--help')) finish(OPENAPI_HELP, 0)
  else finish(await printDocument(rest), 0)
} catch (error) {
  const isOurs = error instanceof CommandError
  finish(`${isOurs ? error.message : (error as Error).stack}\n`, isOurs ? error.exitCode : 1)
}
