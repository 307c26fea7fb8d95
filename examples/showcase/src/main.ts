import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { createShowcase } from './app.ts'
import { ensureLargeFile } from './large-file.ts'

const Environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(8000),
  SHOWCASE_FILE_MB: z.coerce.number().int().min(1).max(65_536).default(64),
})

const environment = Environment.safeParse(process.env)
if (!environment.success) fail(z.prettifyError(environment.error))
const { PORT, SHOWCASE_FILE_MB } = environment.data

const cache = fileURLToPath(new URL('../.cache/', import.meta.url))
const uploads = join(cache, 'uploads')
await mkdir(uploads, { recursive: true })
const app = createShowcase({ file: await ensureLargeFile(cache, SHOWCASE_FILE_MB), uploads })

const server = await app.listen({ host: '127.0.0.1', port: PORT }).catch((error: NodeJS.ErrnoException) => {
  if (error.code === 'EADDRINUSE') fail(`Port ${PORT} is taken. Choose another: PORT=${PORT + 1} npm start`)
  throw error
})

console.log(welcome(server.url))

function welcome(url: string): string {
  return `
  Millrace showcase, version 0.1.0

  The page         ${url}/
  The docs         ${url}/docs

  Frames           ${url}/video?frames=10&interval=1000
  Large file       ${url}/download
  ... generated    ${url}/async-download?chunk=1024
  A clip, in parts ${url}/clip
  Background task  ${url}/data?items=10
  ... its results  ${url}/data/processed
  Ticker           ${url}/ticks?count=10&interval=200
  Items            ${url}/items  (POST, then GET /items/:id)
  Upload           ${url}/uploads/:id  (POST a form, GET .../progress)
  Chat             ${url.replace('http', 'ws')}/ws

  Try it
  curl -N ${url}/video

  Ctrl+C stops it.
`
}

/** Ends the program with a message for the person who started it. */
function fail(message: string): never {
  console.error(message)
  process.exit(1)
}
