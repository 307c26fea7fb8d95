import { App } from 'millrace'

const app = new App()

app.get('/hello', () => 'hello')

export default { fetch: app.fetch }
