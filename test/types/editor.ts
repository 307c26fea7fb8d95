/** What an editor sees, through the language service of TypeScript 6 (that of TypeScript 7 is a server). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript6'

export interface Editor {
  /** The name, type and documentation an editor shows over a place. */
  hover(file: string, position: number): { readonly signature: string; readonly docs: string }
  /** The names an editor offers at a place. */
  complete(file: string, position: number): string[]
  /** What the compiler has done since the last change, counted in instantiations. */
  instantiations(): number
  read(file: string): string
  /** Replaces the text of a file, as typing does. */
  write(file: string, text: string): void
}

/** Opens the project in a folder. Files are named relative to it. */
export function openEditor(project: string): Editor {
  const config = join(project, 'tsconfig.json')
  const parsed = ts.getParsedCommandLineOfConfigFile(config, undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic(diagnostic) {
      throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'))
    },
  })!
  const edited = new Map<string, { readonly text: string; readonly version: number }>()
  const snapshots = new Map<string, ts.IScriptSnapshot>()
  const service = ts.createLanguageService({
    ...ts.sys,
    getCompilationSettings: () => parsed.options,
    getScriptFileNames: () => parsed.fileNames,
    getScriptVersion: (file) => String(edited.get(file)?.version ?? 0),
    getScriptSnapshot(file) {
      const text = edited.get(file)?.text
      if (text !== undefined) return ts.ScriptSnapshot.fromString(text)
      if (!snapshots.has(file) && ts.sys.fileExists(file))
        snapshots.set(file, ts.ScriptSnapshot.fromString(ts.sys.readFile(file) ?? ''))
      return snapshots.get(file)
    },
    getCurrentDirectory: () => project,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
  })
  const at = (file: string) => join(project, file)
  return {
    hover(file, position) {
      const info = service.getQuickInfoAtPosition(at(file), position)
      return {
        signature: ts.displayPartsToString(info?.displayParts),
        docs: ts.displayPartsToString(info?.documentation),
      }
    },
    complete(file, position) {
      const found = service.getCompletionsAtPosition(at(file), position, undefined)
      return (found?.entries ?? []).map(({ name }) => name)
    },
    instantiations: () => service.getProgram()!.getInstantiationCount(),
    read: (file) => edited.get(at(file))?.text ?? readFileSync(at(file), 'utf8'),
    write(file, text) {
      edited.set(at(file), { text, version: (edited.get(at(file))?.version ?? 0) + 1 })
    },
  }
}
