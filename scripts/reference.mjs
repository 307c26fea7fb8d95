/**
 * Fetches Scalar's API reference, one file of a package that is otherwise not needed: its 27 dependencies and
 * 50 MB would be installed with Millrace. The package is checked against its hash, and what is kept of it lies
 * compressed in the built package, and in `.cache` for the next build.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync, gzipSync } from 'node:zlib'

const VERSION = '1.72.1'
const INTEGRITY =
  'sha512-XpEJ0rfc/cXbCrR+iC4kK0o/WwX2dTtGQbT049OlPKAHD6IMIFdTeGz2r+M27P2EDWKyUITRm/NzlP8z2pw/Ow=='
const FILE = 'package/dist/browser/standalone.js'

/** The package has no file with its licence (https://github.com/scalar/scalar/blob/main/LICENSE). */
const NOTICE = `/*!
@scalar/api-reference ${VERSION}

MIT License

Copyright (c) 2023-present Scalar

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
*/
`

/**
 * Puts the compressed reference at `target`. A registry that cannot be reached fails no build: the docs page
 * then says that it has no reference.
 */
export async function vendorReference(target, cache) {
  if (existsSync(target)) return
  const kept = join(cache, `reference-${VERSION}.js.gz`)
  try {
    if (!existsSync(kept)) await download(kept, cache)
    await copyFile(kept, target)
  } catch (error) {
    console.warn(
      `The docs page is built without its reference: @scalar/api-reference ${VERSION} could not be fetched ` +
        `(${error.message}). Everything else works. Build again when the registry can be reached.`,
    )
  }
}

async function download(kept, cache) {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-reference-'))
  try {
    console.warn(`Fetching Scalar's API reference ${VERSION} for the docs page, once (10 MB).`)
    const flags = [
      '--prefer-offline',
      '--fetch-retries=0',
      '--fetch-timeout=60000',
      '--ignore-scripts',
      '--loglevel=error',
    ]
    await npm(['pack', `@scalar/api-reference@${VERSION}`, '--pack-destination', folder, ...flags])
    const [name] = await readdir(folder)
    const archive = await readFile(join(folder, name))
    const hash = `sha512-${createHash('sha512').update(archive).digest('base64')}`
    if (hash !== INTEGRITY) throw new Error(`its hash is ${hash}, not the pinned one`)
    const script = readEntry(gunzipSync(archive), FILE)
    await mkdir(cache, { recursive: true })
    // Renamed when it is whole: a build that is interrupted leaves no half file for the next one.
    const partial = join(folder, 'reference.js.gz')
    await writeFile(partial, gzipSync(Buffer.concat([Buffer.from(NOTICE), script]), { level: 9 }))
    await copyFile(partial, `${kept}.${process.pid}`)
    await rename(`${kept}.${process.pid}`, kept)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Runs the npm that runs this script, so that its registry and its proxy are used. */
async function npm(args) {
  const path = process.env['npm_execpath']
  const [program, first] = path === undefined ? ['npm', []] : [process.execPath, [path]]
  try {
    await promisify(execFile)(program, [...first, ...args])
  } catch (error) {
    const said = /^npm error (.*)$/m.exec(error.stderr ?? '')?.[1] ?? error.code
    throw new Error(`npm pack failed: ${said}`, { cause: error })
  }
}

/** One file of a tar archive: blocks of 512 bytes, a header with name and size in front of each file. */
function readEntry(archive, wanted) {
  for (let at = 0; at + 512 <= archive.length;) {
    const field = (from, length) =>
      archive.toString('latin1', at + from, at + from + length).replace(/\0.*$/s, '')
    const size = Number.parseInt(field(124, 12), 8) || 0
    if ([field(345, 155), field(0, 100)].filter(Boolean).join('/') === wanted)
      return archive.subarray(at + 512, at + 512 + size)
    at += 512 + Math.ceil(size / 512) * 512
  }
  throw new Error(`there is no ${wanted} in it`)
}
