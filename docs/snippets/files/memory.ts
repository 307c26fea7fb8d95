import { App, memoryFile, reply } from 'millrace'

const app = new App()

const icon = memoryFile('icon.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>')
app.get('/icon.svg', () => reply.file(icon, { cache: { maxAge: 3600 } }))

await app.listen()
