import { App, jsonl } from 'millrace'

const app = new App()

app.post('/jobs', { streams: jsonl(), onDisconnect: 'finish' }, async function* ({ sleep }) {
  for (let step = 1; step <= 3; step++) {
    yield { step }
    await sleep(100)
  }
  console.log('all steps done')
})

await app.listen()
