import { App } from 'millrace'

const app = new App({
  async *lifespan() {
    console.log('starting') // open what the app needs
    yield
    console.log('stopping') // close it again
  },
})

app.get('/', () => 'hello')
app.get('/ready', ({ head }) => {
  if (!app.ready) head.status = 503
  return { ready: app.ready }
})

await app.listen()
