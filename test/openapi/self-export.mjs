/** An app that names its operations after its own exports, and awaits its start at the top level. */
import { App } from 'millrace'

const app = new App({ openapi: { exports: () => import('./self-export.mjs') } })
export const pourTea = app.get('/tea', () => 'green')

const { url } = await app.listen({ port: 0 })
export const served = fetch(`${url}/openapi.json`)
  .then((response) => response.json())
  .then(async ({ paths }) => {
    console.log(paths['/tea'].get.operationId)
    await app.close()
  })
