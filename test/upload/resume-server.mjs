/** A server of resumable uploads, to be killed. Its directory is its argument; it tells its port. */
import { App, resumable } from 'millrace'
import { diskStore } from 'millrace/node'

const [directory] = process.argv.slice(2)
const app = new App()
app.include(
  resumable('/uploads', {
    store: diskStore(`${directory}/store`),
    onComplete: (upload) => upload.saveTo(`${directory}/whole`),
  }),
)
const { port } = await app.listen({ port: 0, signals: false })
console.log(port)
