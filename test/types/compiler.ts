/** Both compilers, run the way a user runs them: on files, against the built package. */
import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')
/** Inside the repository, so that `millrace` is found by its published name. Git ignores it. */
const GENERATED = join(import.meta.dirname, '.generated')

export const VERSIONS = [7, 6] as const
export type Version = (typeof VERSIONS)[number]

export const PROGRAMS: Record<Version, string> = {
  7: join(ROOT, 'node_modules/typescript/bin/tsc'),
  6: join(ROOT, 'node_modules/typescript6/bin/tsc6'),
}

/** One error of a compiler. */
export interface Finding {
  /** Relative to the project. */
  readonly file: string
  readonly line: number
  readonly column: number
  readonly code: string
  /** The message, and the lines that explain it, without their indentation. */
  readonly messages: readonly string[]
}

export interface Compilation {
  readonly findings: readonly Finding[]
  /** What the compiler's work is counted in. */
  readonly instantiations: number
}

/**
 * Checks a project with the strict flags of the house.
 *
 * @param once TypeScript 7 checks files in several threads, each of which works out for itself what its
 *   files import. This makes it one, so that every type is counted once, on any machine.
 */
export async function compile(version: Version, project: string, once = false): Promise<Compilation> {
  const args = [PROGRAMS[version], '-p', project, '--pretty', 'false', '--extendedDiagnostics']
  if (once && version === 7) args.push('--checkers', '1')
  const output = await new Promise<string>((resolve, reject) => {
    execFile(
      process.execPath,
      args,
      { cwd: project, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        // An exit code says that there are findings; anything else, that there was no compilation.
        if (error === null || typeof error.code === 'number') resolve(stdout + stderr)
        else reject(error)
      },
    )
  })
  const instantiations = /^Instantiations:\s+(\d+)/m.exec(output)?.[1]
  if (instantiations === undefined) throw new Error(`TypeScript ${version} said nothing useful:\n${output}`)
  return { findings: readFindings(output, project), instantiations: Number(instantiations) }
}

function readFindings(output: string, project: string): Finding[] {
  const findings: (Finding & { messages: string[] })[] = []
  for (const line of output.split('\n')) {
    const head = /^(?:(.+)\((\d+),(\d+)\): )?error (TS\d+): (.*)$/.exec(line)
    if (head !== null) {
      const [, file = '', at = '0', column = '0', code, message] = head
      findings.push({
        file: file === '' ? '' : relative(project, join(project, file)),
        line: Number(at),
        column: Number(column),
        code: code!,
        messages: [message!],
      })
    } else if (/^ {2,}\S/.test(line)) findings.at(-1)?.messages.push(line.trim())
  }
  return findings
}

/** Writes files, and a configuration with the strict flags, to a folder of their own. */
export async function writeProject(
  name: string,
  files: Readonly<Record<string, string>>,
  options: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const project = join(GENERATED, name)
  await rm(project, { recursive: true, force: true })
  await mkdir(project, { recursive: true })
  const config = {
    extends: relative(project, join(ROOT, 'test/tsconfig.json')),
    compilerOptions: { noUnusedLocals: false, noUnusedParameters: false, ...options },
    include: ['.'],
  }
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(config))
  await Promise.all(Object.entries(files).map(([file, text]) => writeFile(join(project, file), text)))
  return project
}
