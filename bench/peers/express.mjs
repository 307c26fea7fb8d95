/** Express: no streaming of its own, so the loop written by hand; files by `res.sendFile`. */
import { once } from 'node:events'
import { basename, dirname } from 'node:path'
import express from 'express'
import { endless, file, fileChunks, frames, item, pacedFrames, ready, stats } from '../src/server/source.mjs'

const app = express()

async function stream(res, type, items) {
  res.type(type)
  for await (const chunk of items) if (!res.write(chunk)) await once(res, 'drain')
  res.end()
}

app.get('/json', (req, res) => res.json(item()))
app.get('/burst', (req, res) => stream(res, 'text/plain', frames(Number(req.query.frames))))
app.get('/paced', (req, res) => stream(res, 'text/plain', pacedFrames(Number(req.query.frames))))
app.get('/endless', (req, res) => stream(res, 'text/plain', endless(req.query.reader)))
app.get('/download', (req, res) => res.sendFile(basename(file), { root: dirname(file) }))
app.get('/async-download', (req, res) => {
  stream(res, 'application/octet-stream', fileChunks(Number(req.query.chunk), Number(req.query.bytes)))
})
app.get('/stats', (req, res) => res.json(stats(req.query.gc)))

const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => ready(server.address().port))
