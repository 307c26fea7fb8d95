import { App, reply } from 'millrace'

const app = new App()

app.get('/download', () => reply.file('large_file.zip'))

await app.listen({ port: 8000 })
