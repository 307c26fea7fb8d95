import { App, dependency, HttpError } from 'millrace'

const transaction = dependency(async function* () {
  const work: string[] = []
  try {
    yield work
    console.log(`commit ${work.join()}`)
  } catch (error) {
    console.log(`rollback ${work.join()}: ${String(error)}`)
    throw error
  }
})

const app = new App()

app.post('/orders', { use: { transaction }, status: 201 }, ({ transaction }) => {
  transaction.push('order 1')
  return 'saved'
})

app.post('/refused', { use: { transaction } }, ({ transaction }) => {
  transaction.push('order 2')
  throw new HttpError(409, { detail: 'Sold out.' })
})

await app.listen()
