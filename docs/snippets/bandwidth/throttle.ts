import { App, reply, text, throttle } from 'millrace'

// All downloads of one client together
const app = new App({ middleware: [throttle({ rate: '10 MB/s', per: 'client' })] })

// Each reply of a route for itself
app.get('/export', { middleware: [throttle('20 kB/s')], streams: text }, function* () {
  for (let line = 0; line < 400; line++) yield `${line}`.padStart(99) + '\n'
})

// One reply, decided by its handler
app.get('/video', ({ query }) =>
  reply.file('video.mp4', { throttle: query.quality === 'low' ? '20 kB/s' : '8 Mbit/s' }),
)

await app.listen()
