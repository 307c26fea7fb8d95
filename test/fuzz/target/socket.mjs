/** WebSockets that echo, follow a channel, read nothing, close, and crash. */
import { z } from 'zod'
import { counted, OnPurpose } from './live.mjs'

export function socketRoutes(app, { resource, news }) {
  const socket = (path, options, handler) =>
    app.websocket(path, { messageLimit: 32 * 1024, ...options }, counted(handler))
  socket('/ws/echo', {}, async ({ socket }) => {
    for await (const message of socket) await socket.send(message)
  })
  socket('/ws/typed', { receives: z.object({ a: z.number() }), use: { resource } }, async ({ socket }) => {
    for await (const { a } of socket) await socket.send({ a: a + 1 })
  })
  socket('/ws/follow', {}, async ({ socket }) => {
    socket.follow(news, { replay: 5 })
    for await (const message of socket) news.publish(String(message).slice(0, 200))
  })
  // Nobody reads: the handler waits until its peer has gone, or for a short while.
  socket('/ws/deaf', {}, async ({ socket, sleep }) => {
    await socket.send('deaf')
    await sleep(300)
  })
  socket('/ws/flood', {}, async ({ socket }) => {
    for (let n = 0; n < 200; n++) await socket.send('x'.repeat(2000))
  })
  socket('/ws/close', {}, ({ socket }) => socket.close(4000, 'as you wish'))
  socket('/ws/throw', {}, async ({ socket }) => {
    for await (const _ of socket) throw new OnPurpose('socket')
  })
  socket('/ws/guarded', { origins: ['https://app.example'], protocols: ['chat'] }, async ({ socket }) => {
    for await (const message of socket) await socket.send(message)
  })
}
