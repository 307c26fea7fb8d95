import { App } from 'millrace'
import { z } from 'zod'

const app = new App()
const Question = z.object({ a: z.number(), b: z.number() })
const Answer = z.object({ sum: z.number() })

app.websocket('/sum', { receives: Question, sends: Answer }, async ({ socket }) => {
  for await (const { a, b } of socket) await socket.send({ sum: a + b })
})

await app.listen()
