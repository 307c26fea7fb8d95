/** A server of resumable uploads, to be killed. Its directory is its argument; it tells its port, and that it is
 * at work on an upload, which it never ends where there is a file `hang`. */
import { existsSync } from 'node:fs'
import { App, resumable } from 'millrace'
import { diskStore } from 'millrace/node'

const [directory] = process.argv.slice(2)
const app = new App()
app.include(
  resumable('/uploads', {
    store: diskStore(`${directory}/store`),
    async onComplete(upload) {
      await upload.saveTo(`${directory}/whole`)
      console.log('at work')
      if (existsSync(`${directory}/hang`)) await new Promise(() => {})
      return 'processed'
    },
  }),
)
const { port } = await app.listen({ port: 0, signals: false })
console.log(port)
