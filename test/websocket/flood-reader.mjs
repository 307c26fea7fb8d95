/** Reads everything that a socket sends, as fast as it comes. Its argument is the port. */
import { connect } from 'node:net'

const socket = connect(Number(process.argv[2]), '127.0.0.1')
socket.write(
  'GET /flood HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
)
socket.once('data', () => process.send('reading'))
socket.resume()
socket.on('error', () => {})
