import { App, bearer } from 'millrace'

const admin = bearer((token) => token === 'admin-token')

export const app = new App({ openapi: false, asyncapi: false, docs: false })

app.get('/tea', () => 'green')
app.get('/internal/openapi.json', { hidden: true, use: { admin } }, () => app.openapi())
