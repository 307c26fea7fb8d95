/** It prints, holds a timer, and exports what a document tells of. */
import { App, channel, jsonl } from 'millrace'
import { z } from 'zod'

console.log('this is not the document')
setInterval(() => {}, 1000)

export const Tick = z.object({ n: z.int() })
export const app = new App({ title: 'Plain', version: '3.0.0' })
export const watchTicks = app.get('/ticks', { streams: jsonl(Tick) }, function* () {
  yield { n: 1 }
})
app.query('/search', { body: z.object({ words: z.array(z.string()) }) }, () => [])
export const chat = app.websocket('/chat', { receives: z.string(), sends: Tick }, () => {})
export const news = channel('news', z.string())
export const createOther = async () => {
  console.log('nor is this')
  return new App({ title: 'Other' })
}
export const createNothing = () => 42
export const createFailure = () => {
  throw new Error('no database')
}
