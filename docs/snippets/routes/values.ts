import { App } from 'millrace'

const app = new App()

app.get('/text', () => 'plain text')
app.get('/json', () => ({ any: 'object, array, number, boolean or null' }))
app.get('/bytes', () => new Uint8Array([1, 2, 3]))
app.get('/nothing', () => {})
app.get('/response', () => new Response('a web Response', { status: 203 }))
app.get('/web-stream', () => new Blob(['a web stream']).stream())
app.get('/generator', function* () {
  yield { n: 1 }
  yield { n: 2 }
})

await app.listen()
