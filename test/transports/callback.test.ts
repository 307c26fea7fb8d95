/**
 * An exception in a function that Node calls ends the process (issue 11), so each one is wrapped by
 * src/transports/node/callback.ts. This test asks the compiler for every function that the source hands
 * over to Node or to ws, and refuses those that are not wrapped.
 */
import { EventEmitter } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript6'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const FOLDER = join(ROOT, 'src/transports/node')
/** Wrappers that make a function safe for Node. */
const WRAPPERS = new Set(['callback', 'on', 'once'])
/** Ends the process on purpose, as Node does: rejections that are not of cancelled requests. */
const ENDS_PROCESS = 'unhandled.ts'
/** Calls of Node's that run the function at once, so that its caller catches, or hand on to a promise. */
const AT_ONCE = new Set(['runInAsyncScope', 'pipeline'])

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  allowImportingTsExtensions: true,
  noEmit: true,
  strict: true,
  skipLibCheck: true,
  types: ['node'],
}

/** `file:line` of each function that is handed to Node as it is. */
function bareCallbacks(files: readonly string[], extra: ReadonlyMap<string, string> = new Map()): string[] {
  const host = ts.createCompilerHost(options)
  const { readFile, fileExists } = host
  host.readFile = (name) => extra.get(name) ?? readFile(name)
  host.fileExists = (name) => extra.has(name) || fileExists(name)
  const program = ts.createProgram([...files, ...extra.keys()], options, host)
  const checker = program.getTypeChecker()
  const found: string[] = []
  for (const name of [...files, ...extra.keys()]) {
    const source = program.getSourceFile(name)!
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && isNodes(node, checker)) {
        for (const argument of node.arguments) {
          if (isFunction(argument, checker) && !isWrapped(argument, checker)) {
            const { line } = source.getLineAndCharacterOfPosition(argument.getStart())
            found.push(`${name.slice(ROOT.length + 1)}:${line + 1} ${node.expression.getText()}`)
          }
        }
      }
      ts.forEachChild(node, visit)
    }
    if (!name.endsWith('/callback.ts') && !name.endsWith(`/${ENDS_PROCESS}`)) visit(source)
  }
  return found
}

/** Whether a call goes to something that Node or ws declares. */
function isNodes(call: ts.CallExpression, checker: ts.TypeChecker): boolean {
  const declaration = checker.getResolvedSignature(call)?.getDeclaration()
  const file = declaration?.getSourceFile().fileName ?? ''
  const name = ts.isPropertyAccessExpression(call.expression)
    ? call.expression.name.text
    : call.expression.getText()
  return /@types\/(node|ws)\//.test(file) && !AT_ONCE.has(name) && !name.startsWith('create')
}

function isFunction(argument: ts.Expression, checker: ts.TypeChecker): boolean {
  const type = checker.getTypeAtLocation(argument)
  return type.getCallSignatures().length > 0 && type.getConstructSignatures().length === 0
}

/** A call of a wrapper, something that was initialised by one, or what settles a promise. */
function isWrapped(argument: ts.Expression, checker: ts.TypeChecker): boolean {
  if (ts.isCallExpression(argument)) return WRAPPERS.has(argument.expression.getText())
  let symbol = checker.getSymbolAtLocation(argument)
  if (symbol !== undefined && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol)
  const declaration = symbol?.valueDeclaration
  if (declaration === undefined) return false
  if (ts.isParameter(declaration)) return isOfPromise(declaration)
  const isInitialised = ts.isVariableDeclaration(declaration) || ts.isPropertyDeclaration(declaration)
  return isInitialised && declaration.initializer !== undefined && isWrapped(declaration.initializer, checker)
}

/** `resolve` and `reject` never throw. */
function isOfPromise(parameter: ts.ParameterDeclaration): boolean {
  const executor = parameter.parent.parent
  return ts.isNewExpression(executor) && executor.expression.getText() === 'Promise'
}

describe('functions that Node calls', () => {
  const files = readdirSync(FOLDER).map((name) => join(FOLDER, name))

  test('are wrapped, all of them', () => {
    expect(files.length).toBeGreaterThan(25)
    expect(bareCallbacks(files)).toEqual([])
  }, 60_000)

  test('are found where they are not', () => {
    const bad = join(FOLDER, 'bad.ts')
    const source = [
      "import { Socket } from 'node:net'",
      "import { WebSocket } from 'ws'",
      "import { once } from './callback.ts'",
      'const socket = new Socket()',
      "const named = () => { throw new Error('x') }",
      "socket.on('data', () => {})",
      "socket.once('close', named)",
      'setTimeout(named, 1)',
      'setImmediate(() => {})',
      'process.nextTick(named)',
      "new WebSocket('ws://x').on('message', () => {})",
      "socket.write('x', named)",
      "once(socket, 'close', named)",
      'export const p = new Promise((resolve) => setTimeout(resolve, 1))',
    ].join('\n')
    const lines = bareCallbacks([], new Map([[bad, source]])).map((each) => Number(/:(\d+)/.exec(each)![1]))
    expect(lines).toEqual([6, 7, 8, 9, 10, 11, 12])
  }, 60_000)
})

describe('a wrapped function', () => {
  test('that throws closes what it came from, and nothing else happens', async () => {
    const { callback, on } = await import('../../src/transports/node/callback.ts')
    const { offerLog } = await import('../../src/transports/node/process-log.ts')
    const logged: unknown[] = []
    const log = { debug() {}, info() {}, warn() {}, error: (entry: unknown) => logged.push(entry) }
    const withdraw = offerLog(log)
    const fault = new Error('of a listener')
    const emitter = Object.assign(new EventEmitter(), {
      destroy: () => (emitter.destroyed = true),
      destroyed: false,
    })
    on(emitter, 'data', () => {
      throw fault
    })
    emitter.emit('data')
    expect([emitter.destroyed, logged]).toEqual([true, [{ err: fault }]])
    withdraw()
    // Without a log, and where closing fails too.
    callback(
      () => {
        throw fault
      },
      {
        destroy: () => {
          throw fault
        },
      },
    )()
  })
})
