/** What an editor sees through the language server of TypeScript 7, which is a program of its own. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { PROGRAMS } from './compiler.ts'

/** Messages of the language server protocol, as far as they are looked at here. */
interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly items?: readonly unknown[] }
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

export interface NativeEditor {
  /** The names an editor offers at a place. */
  complete(file: string, position: number): Promise<string[]>
  /** Replaces the text of a file, as typing does; the first time opens it. */
  write(file: string, text: string): void
  read(file: string): string
  close(): Promise<void>
}

/** Opens the project in a folder. Files are named relative to it. */
export async function openNativeEditor(project: string): Promise<NativeEditor> {
  const server = connect(project)
  const versions = new Map<string, number>()
  const texts = new Map<string, string>()
  const uri = (file: string) => pathToFileURL(join(project, file)).href
  await server.request('initialize', {
    processId: process.pid,
    rootUri: pathToFileURL(project).href,
    capabilities: {},
  })
  server.send({ method: 'initialized', params: {} })
  return {
    async complete(file, position) {
      const before = texts.get(file)!.slice(0, position).split('\n')
      const found = await server.request('textDocument/completion', {
        textDocument: { uri: uri(file) },
        position: { line: before.length - 1, character: before.at(-1)!.length },
      })
      const items = (Array.isArray(found) ? found : ((found as { items?: unknown } | null)?.items ?? [])) as {
        label: string
      }[]
      return items.map(({ label }) => label)
    },
    write(file, text) {
      const version = (versions.get(file) ?? 0) + 1
      versions.set(file, version)
      texts.set(file, text)
      if (version === 1) {
        const textDocument = { uri: uri(file), languageId: 'typescript', version, text }
        server.send({ method: 'textDocument/didOpen', params: { textDocument } })
      } else {
        const textDocument = { uri: uri(file), version }
        server.send({
          method: 'textDocument/didChange',
          params: { textDocument, contentChanges: [{ text }] },
        })
      }
    },
    read: (file) => texts.get(file) ?? readFileSync(join(project, file), 'utf8'),
    async close() {
      await server.request('shutdown')
      server.send({ method: 'exit' })
      await server.ended
    },
  }
}

/** A server and its messages, each behind a head that says its length. */
function connect(project: string) {
  const child = spawn(process.execPath, [PROGRAMS[7], '--lsp', '--stdio'], {
    cwd: project,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const waiting = new Map<number, (message: Message) => void>()
  const send = (message: object) => {
    const bytes = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }))
    child.stdin.write(`Content-Length: ${bytes.length}\r\n\r\n`)
    child.stdin.write(bytes)
  }
  const take = (message: Message) => {
    if (message.method === undefined) waiting.get(message.id!)?.(message)
    // It asks for settings: there are none.
    else if (message.id !== undefined)
      send({ id: message.id, result: message.params?.items?.map(() => null) ?? null })
  }
  let rest = Buffer.alloc(0)
  child.stdout.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const head = rest.indexOf('\r\n\r\n')
      const length = Number(/Content-Length: (\d+)/i.exec(rest.toString('latin1', 0, Math.max(head, 0)))?.[1])
      if (head < 0 || rest.length < head + 4 + length) return
      take(JSON.parse(rest.toString('utf8', head + 4, head + 4 + length)) as Message)
      rest = rest.subarray(head + 4 + length)
    }
  })
  let id = 0
  return {
    send,
    request: (method: string, params?: object) =>
      new Promise<unknown>((resolve, reject) => {
        waiting.set(++id, ({ result, error }) =>
          error === undefined ? resolve(result) : reject(new Error(`${method}: ${error.message}`)),
        )
        send({ id, method, params })
      }),
    ended: new Promise((resolve) => child.once('close', resolve)),
  }
}
