/** The package as its users get it: built, packed, and imported by its published name. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { types: string; default: string }>
  scripts: Record<string, string>
}

describe('the public names', () => {
  it('of millrace', async () => {
    expect(Object.keys(await import('millrace')).sort()).toMatchInlineSnapshot(`
      [
        "App",
        "Channel",
        "FollowerTooSlow",
        "HttpError",
        "Reply",
        "Router",
        "SchemaMismatch",
        "StreamCancelled",
        "StreamEvent",
        "UsageError",
        "anyOf",
        "apiKey",
        "basic",
        "bearer",
        "bytes",
        "channel",
        "dependency",
        "event",
        "file",
        "form",
        "httpFile",
        "jsonArray",
        "jsonSeq",
        "jsonl",
        "memoryFile",
        "multipart",
        "oauth2",
        "openIdConnect",
        "reply",
        "resumable",
        "sameSecret",
        "sse",
        "text",
        "throttle",
      ]
    `)
  })

  it('of millrace/node', async () => {
    expect(Object.keys(await import('millrace/node')).sort()).toMatchInlineSnapshot(`
      [
        "diskFile",
        "diskStore",
        "readChunks",
        "serve",
      ]
    `)
  })

  it('of millrace/client', async () => {
    expect(Object.keys(await import('millrace/client')).sort()).toMatchInlineSnapshot(`
      [
        "ReplyError",
        "SocketClosed",
        "StreamTruncated",
        "createClient",
      ]
    `)
  })

  it('of millrace/testing', async () => {
    expect(Object.keys(await import('millrace/testing')).sort()).toMatchInlineSnapshot(`
      [
        "LeakError",
        "StreamTruncated",
        "connect",
        "createTestClock",
        "everyDisconnectPoint",
      ]
    `)
  })
})

describe('the packed package', () => {
  const packed = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ) as [{ files: { path: string }[]; unpackedSize: number }]
  const files = new Set(packed[0].files.map(({ path }) => path))

  it('holds every file its export map names', () => {
    for (const target of Object.values(manifest.exports)) {
      for (const path of typeof target === 'string' ? [target] : Object.values(target)) {
        expect(files).toContain(path.replace('./', ''))
      }
    }
  })

  it('has types that the tsconfig of the first page accepts, with TypeScript 7 and 6', () => {
    const page = readFileSync(join(ROOT, 'docs/getting-started.md'), 'utf8')
    const config = /A `tsconfig.json` that works:\s+```json\n(.*?)```/s.exec(page)![1]!
    // Below the checkout, so that the name of the package leads to the build.
    const project = mkdtempSync(join(ROOT, 'dist-types-'))
    try {
      const asked = Object.entries(manifest.exports).filter(([, target]) => typeof target !== 'string')
      const lines = asked.map(([path], i) => `import type * as m${i} from 'millrace${path.slice(1)}'\n`)
      const named = asked.map((_, i) => `typeof m${i}`).join(' | ')
      writeFileSync(join(project, 'tsconfig.json'), config)
      writeFileSync(join(project, 'server.ts'), `${lines.join('')}export type All = ${named}\n`)
      for (const compiler of ['typescript/bin/tsc', '.bin/tsc6']) {
        const command = [join(ROOT, 'node_modules', compiler), '-p', project]
        const { stdout, status } = spawnSync(process.execPath, command, { encoding: 'utf8' })
        expect(stdout, compiler).toBe('')
        expect(status).toBe(0)
      }
    } finally {
      rmSync(project, { recursive: true })
    }
  }, 120_000)

  it('holds the images of its pages', () => {
    const pages = [...files].filter((path) => path.endsWith('.md'))
    const images = pages.flatMap((page) => {
      const text = readFileSync(join(ROOT, page), 'utf8')
      const named = text.matchAll(/(?:\]\(|src(?:set)?=")((?![a-z]+:)[^)"\s]+\.(?:png|svg|gif|jpg))/g)
      return [...named].map((match) => join(page, '..', match[1]!))
    })
    expect(images.length).toBeGreaterThan(4)
    expect(images.filter((path) => !files.has(path))).toEqual([])
    expect(files).toContain('CONTRIBUTING.md')
  })

  it('holds no tests, examples or benchmarks', () => {
    expect([...files].filter((path) => /^(test|examples|bench|scripts)\//.test(path))).toEqual([])
  })

  it('does not load Node until a server or a file is asked for, so that it runs where there is none', () => {
    const source = (name: string) => readFileSync(join(ROOT, 'dist', name), 'utf8')
    const seen = new Set<string>()
    const visit = (name: string): void => {
      if (seen.has(name)) return
      seen.add(name)
      expect(source(name), name).not.toMatch(/from 'node:/)
      for (const match of source(name).matchAll(/from '(\.[^']+)'/g)) visit(join(name, '..', match[1]!))
    }
    visit('index.js')
    expect(seen.size).toBeGreaterThan(30)
  })
})

describe('the scripts', () => {
  // npm puts options at the end of a script, and another npm keeps what does not stand behind a `--`.
  const losesOptions = (script: string) => /(^|&& )npm run(?!.* --$)[^&]*$/.test(script)

  it('hand on the options that our pages give them', () => {
    const docs = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'))
    const pages = [
      'README.md',
      'CONTRIBUTING.md',
      'bench/README.md',
      ...docs.map((name) => `docs/${name}`),
    ].map((page) => readFileSync(join(ROOT, page), 'utf8'))
    const given = new Set([...pages.join('').matchAll(/npm run (\w+) -- -/g)].map((match) => match[1]!))
    expect([...given]).toContain('bench')
    const { scripts } = manifest
    expect([...given].filter((name) => scripts[name] === undefined || losesOptions(scripts[name]))).toEqual(
      [],
    )
  })

  it('lose them where another npm is in between (control)', () => {
    expect(losesOptions('npm run build && npm run bench -w @millrace/bench')).toBe(true)
    expect(losesOptions('npm run build && node bench.mjs')).toBe(false)
  })
})
