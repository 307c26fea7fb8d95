import { App, dependency, type Middleware, text } from 'millrace'

const connection = dependency(async function* () {
  try {
    yield 'connection'
  } finally {
    console.log('connection released')
  }
})

const counted: Middleware = async (context, next) => {
  context.after(({ outcome, items }) => console.log(`after: ${items} items, ${outcome}`))
  const reply = await next()
  console.log('head decided')
  return reply
}

const app = new App({ middleware: [counted] })

app.get('/rows', { use: { connection }, streams: text }, async function* ({ connection, sleep }) {
  for (let i = 0; i < 3; i++) {
    yield `row ${i} over the ${connection}\n`
    await sleep(10)
  }
  console.log('last row')
})

await app.listen()
