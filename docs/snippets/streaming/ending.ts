import { App, jsonl } from 'millrace'
import { z } from 'zod'

const app = new App()

app.get('/rows', { streams: jsonl(z.object({ n: z.int() })) }, async function* ({ query, sleep }) {
  for (let n = 1; n <= 3; n++) {
    if (n === Number(query['failAt'])) throw new Error('the disk is full')
    yield { n }
    await sleep(5)
  }
})

const { url } = await app.listen()

/** What a careful reader makes of a stream of JSON Lines. */
export async function readRows(path: string): Promise<string> {
  const response = await fetch(url + path, { headers: { prefer: 'stream-end' } })
  let lines: string[]
  try {
    lines = (await response.text()).trimEnd().split('\n')
  } catch {
    return 'cut'
  }
  return lines.at(-1) === '{"$end":true}' ? `${lines.length - 1} rows` : 'not whole'
}

console.log(await readRows('/rows'))
console.log(await readRows('/rows?failAt=2'))
