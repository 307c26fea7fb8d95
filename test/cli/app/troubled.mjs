import { App } from 'millrace'
import { z } from 'zod'

export default new App()
const app = new App()
app.get('/size', { returns: z.bigint() }, () => 1n)
export { app }
