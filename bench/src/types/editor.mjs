/** Completion after each letter, as an editor asks for it: of TypeScript 7 through its language server, of TypeScript 6 in process. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript6'

/** @typedef {(text: string, position: number) => number | Promise<number>} Complete how many names are offered */

/** @param {string} project @param {string} file @returns {{ complete: Complete, close: () => void }} */
export function openService(project, file) {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(project, 'tsconfig.json'),
    undefined,
    /** @type {any} */ (ts.sys),
  )
  if (config === undefined) throw new Error(`no tsconfig.json in ${project}`)
  const path = join(project, file)
  let text = readFileSync(path, 'utf8')
  let version = 0
  const service = ts.createLanguageService({
    ...ts.sys,
    getCompilationSettings: () => config.options,
    getScriptFileNames: () => config.fileNames,
    getScriptVersion: (name) => (name === path ? String(version) : '0'),
    getScriptSnapshot: (name) =>
      ts.ScriptSnapshot.fromString(name === path ? text : (ts.sys.readFile(name) ?? '')),
    getCurrentDirectory: () => project,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
  })
  return {
    complete(next, position) {
      text = next
      version++
      return service.getCompletionsAtPosition(path, position, undefined)?.entries.length ?? 0
    },
    close: () => service.dispose(),
  }
}

/** @param {string} tsc @param {string} project @param {string} file @returns {Promise<{ complete: Complete, close: () => void }>} */
export async function openServer(tsc, project, file) {
  const child = spawn(process.execPath, [tsc, '--lsp', '--stdio'], {
    cwd: project,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const uri = pathToFileURL(join(project, file)).href
  /** @type {Map<number, (message: any) => void>} */
  const waiting = new Map()
  const send = (/** @type {object} */ message) => {
    const bytes = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }))
    child.stdin.write(`Content-Length: ${bytes.length}\r\n\r\n`)
    child.stdin.write(bytes)
  }
  let rest = Buffer.alloc(0)
  child.stdout.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const head = rest.indexOf('\r\n\r\n')
      const length = Number(/Content-Length: (\d+)/i.exec(rest.toString('latin1', 0, Math.max(head, 0)))?.[1])
      if (head < 0 || rest.length < head + 4 + length) return
      const message = JSON.parse(rest.toString('utf8', head + 4, head + 4 + length))
      rest = rest.subarray(head + 4 + length)
      if (message.method === undefined) waiting.get(message.id)?.(message)
      else if (message.id !== undefined)
        send({ id: message.id, result: message.params?.items?.map(() => null) ?? null })
    }
  })
  let id = 0
  const request = (/** @type {string} */ method, /** @type {object | undefined} */ params = undefined) =>
    new Promise((resolve, reject) => {
      waiting.set(++id, ({ result, error }) =>
        error === undefined ? resolve(result) : reject(new Error(error.message)),
      )
      send({ id, method, params })
    })
  await request('initialize', {
    processId: process.pid,
    rootUri: pathToFileURL(project).href,
    capabilities: {},
  })
  send({ method: 'initialized', params: {} })
  let version = 0
  return {
    async complete(text, position) {
      version++
      if (version === 1)
        send({
          method: 'textDocument/didOpen',
          params: { textDocument: { uri, languageId: 'typescript', version, text } },
        })
      else
        send({
          method: 'textDocument/didChange',
          params: { textDocument: { uri, version }, contentChanges: [{ text }] },
        })
      const before = text.slice(0, position).split('\n')
      const found = await request('textDocument/completion', {
        textDocument: { uri },
        position: { line: before.length - 1, character: before.at(-1)?.length ?? 0 },
      })
      return (Array.isArray(found) ? found : (found?.items ?? [])).length
    },
    close: () => void request('shutdown').then(() => send({ method: 'exit' })),
  }
}
