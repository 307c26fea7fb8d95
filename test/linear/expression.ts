/** The regular expressions of the source, found by the parser of TypeScript, with how each is used. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript6'

const SRC = join(import.meta.dirname, '../../src')

/** A regular expression, and where it stands. */
export interface Expression {
  readonly place: string
  readonly pattern: RegExp
  /** Whether a text is split at it, which searches as the flag g does. */
  readonly splits: boolean
}

/** All regular expressions of the files below `src` whose path begins with one of the `rooms`. */
export function readExpressions(rooms: readonly string[]): Expression[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && rooms.some((room) => file.startsWith(`${room}/`)))
    .flatMap((file) => expressionsIn(`src/${file}`, readFileSync(join(SRC, file), 'utf8')))
}

/** All regular expressions of one file. */
export function expressionsIn(file: string, text: string): Expression[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const found: Expression[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node) || isConstructed(node)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart())
      const place = `${file}:${line + 1}`
      found.push({ place, pattern: evaluate(node, source, place), splits: isSplitter(node) })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/** `RegExp(...)`, with or without `new`. */
function isConstructed(node: ts.Node): node is ts.NewExpression | ts.CallExpression {
  return (ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText() === 'RegExp'
}

function isSplitter({ parent }: ts.Node): boolean {
  return (
    ts.isCallExpression(parent) &&
    ts.isPropertyAccessExpression(parent.expression) &&
    parent.expression.name.text === 'split'
  )
}

/** The value of an expression that depends on constants of its file only. */
function evaluate(node: ts.Expression, source: ts.SourceFile, place: string): RegExp {
  const constants = new Map<string, string>()
  collect(node, source, constants)
  const program = `${[...constants.values()].join('\n')}\nreturn ${node.getText()}`
  try {
    // oxlint-disable-next-line no-implied-eval -- A test that runs what the build runs.
    return new Function(ts.transpile(program))() as RegExp
  } catch (error) {
    throw new Error(`${place}: write the pattern as a literal, or of constants of its file.`, {
      cause: error,
    })
  }
}

/** Declarations of the constants that an expression names, those first on which others depend. */
function collect(node: ts.Node, source: ts.SourceFile, constants: Map<string, string>): void {
  if (ts.isIdentifier(node) && !constants.has(node.text)) {
    const declared = source.statements
      .filter(ts.isVariableStatement)
      .flatMap(({ declarationList }) => [...declarationList.declarations])
      .find(({ name }) => name.getText() === node.text)
    if (declared?.initializer === undefined) return
    collect(declared.initializer, source, constants)
    constants.set(node.text, `const ${node.text} = ${declared.initializer.getText()}`)
  }
  ts.forEachChild(node, (child) => collect(child, source, constants))
}
