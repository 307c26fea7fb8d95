/** A run of the console, without a page. */
import { App, event, sse } from 'millrace'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Run } from '../../../src/openapi/console/page/run.ts'
import { until, wait } from '../../contract/transport.ts'

let requests = 0
const app = new App()
app.get('/brief', { streams: sse(undefined, { retry: 200 }) }, function* () {
  requests++
  yield event(requests, { id: String(requests) })
})
let url: string

beforeAll(async () => {
  url = (await app.listen({ host: '127.0.0.1', port: 0 })).url
})
afterAll(() => app.close({ grace: 0 }))

test('a run that waits to come back stops waiting when it is told so, and may be told again', async () => {
  let changes = 0
  const request = { method: 'GET', url: `${url}/brief`, headers: [], cookies: [], body: undefined } as const
  const run = new Run(request, () => changes++)
  run.reconnects = true
  await run.start()
  expect(run.state).toBe('waiting')
  const took = run.elapsed
  changes = 0
  run.reconnects = false
  expect([run.state, run.busy, run.elapsed]).toEqual(['complete', false, took])
  expect(changes).toBeGreaterThan(0)
  await wait(500)
  expect([run.state, requests]).toEqual(['complete', 1])

  run.reconnects = true
  expect(run.state).toBe('waiting')
  await until(() => requests === 2, 'it comes back')
  run.cancel()
})
