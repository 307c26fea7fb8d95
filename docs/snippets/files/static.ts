import { App } from 'millrace'

const app = new App()

app.get('/api/hello', () => ({ hello: 'world' }))
app.static('/', 'public', { fallback: 'index.html', precompressed: true })

await app.listen()
