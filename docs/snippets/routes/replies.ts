import { App, reply } from 'millrace'

const app = new App()

app.get('/json', () => reply.json({ ok: true }, { status: 202, headers: { 'x-request-id': '7' } }))
app.get('/text', () => reply.text('tea\n'))
app.get('/html', () => reply.html('<h1>Tea</h1>'))
app.get('/bytes', () => reply.bytes(new Uint8Array([137, 80]), { mediaType: 'image/png' }))
app.get('/empty', () => reply.empty())
app.get('/old', () => reply.redirect('/json', 308))
app.get('/stream', () => reply.stream(['a,b\n', '1,2\n'], { mediaType: 'text/csv' }))
app.get('/file', () => reply.file('report.pdf', { downloadAs: 'Annual report.pdf' }))

await app.listen()
