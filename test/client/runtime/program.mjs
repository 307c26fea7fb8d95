/**
 * What our client does on a runtime, printed as JSON: `program.mjs <the built client> <the server>`.
 * It is plain JavaScript without packages, so that every runtime runs it as it is.
 */
const [client, url] = (globalThis.Deno?.args ?? process.argv.slice(2)).slice(-2)
const { createClient } = await import(client)
const api = createClient(url)
const seen = {}

async function note(name, act) {
  const timeout = new Promise((_, reject) => setTimeout(() => reject(new Error('nothing for 10 s')), 10_000))
  try {
    seen[name] = await Promise.race([act(), timeout])
  } catch (error) {
    seen[name] = `${error.name}: ${error.message}`
  }
}

async function collect(items) {
  const all = []
  for await (const item of items) all.push(item)
  return all
}

async function failure(act) {
  try {
    await act()
  } catch (error) {
    return [error.name, error.status ?? error.code, error.problem?.code]
  }
  return 'no failure'
}

await note('value', () => api.get('/value'))
for (const format of ['jsonl', 'json-seq', 'json-array', 'sse'])
  await note(format, () => collect(api.get(`/${format}`)))
await note('text', () => api.get('/text'))
await note('bytes', async () => (await api.get('/bytes')).length)
await note('items sent', () => api.post('/echo/items', { body: rows(), accept: 'application/jsonl' }))
await note('upload', async () => {
  const totals = new Set()
  let sent = 0
  const onUploadProgress = (progress) => {
    totals.add(progress.total)
    sent = progress.sent
  }
  const form = new FormData()
  form.append('name', 'ü\nx')
  form.append('file', new File([new Uint8Array(200_000)], 'größe.bin'))
  const { type } = await api.post('/echo/any', { body: form, onUploadProgress })
  return [type.split(';')[0], totals.size, totals.has(sent)]
})
await note('refused', () => failure(() => api.get('/refuses')))
for (const accept of ['application/jsonl', 'text/event-stream', 'application/json'])
  await note(`cut ${accept}`, () => failure(() => collect(api.get('/fails', { accept, resume: false }))))
await note('cut text', () => failure(() => collect(api.get('/fails/text'))))
await note('resumed', () => collect(api.get('/once-cut', { resume: { baseMs: 1 } })))
await note('left', async () => {
  for await (const { id } of api.get('/endless', { accept: 'application/jsonl' })) if (id === 3) return id
})
await note('aborted', async () => {
  const controller = new AbortController()
  const reason = new Error('enough')
  try {
    for await (const { id } of api.get('/endless', { signal: controller.signal }))
      if (id === 3) controller.abort(reason)
  } catch (error) {
    return error === reason
  }
})
await note('socket', async () => {
  const socket = await api.websocket('/chat')
  socket.send('hello')
  for await (const line of socket) return line
})
await note('socket of values', async () => {
  const socket = await api.websocket('/points/:room', {
    params: { room: 'a b' },
    query: { from: 7 },
    json: true,
  })
  for await (const point of socket) return point
})
await note('socket, opened again', async () => {
  let opened = 0
  const onOpen = (socket) => socket.send(`open ${++opened}`)
  const lines = []
  for await (const line of await api.websocket('/drops-once', { reconnect: { baseMs: 1 }, onOpen })) {
    lines.push(line)
    if (lines.length === 2) return lines
  }
})
await note('socket with headers', async () => {
  const socket = await api.websocket('/whoami', { headers: { 'x-name': 'ann' } })
  for await (const name of socket) return name
})
await note('socket refused', async () => (await failure(() => api.websocket('/nowhere')))[0])

async function* rows() {
  yield { id: 1, text: 'a' }
  await new Promise((resolve) => setTimeout(resolve, 20))
  yield { id: 2, text: 'b' }
}

console.log(JSON.stringify(seen))
;(globalThis.Deno ?? process).exit(0)
