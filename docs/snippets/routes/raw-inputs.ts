import { App } from 'millrace'

const app = new App()

app.get('/search', ({ query, headers, cookies, method, path, route }) => ({
  q: query['q'],
  agent: headers['user-agent'],
  session: cookies['session'],
  at: `${method} ${path} (${route})`,
}))

await app.listen()
