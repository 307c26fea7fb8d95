import { type Exchange, ExchangeView } from '../exchange.ts'
import { Connection } from './connection.ts'
import { HttpError } from '../error.ts'
import { headerValue } from '../incoming.ts'
import { messageReader } from './message.ts'
import { foreignOrigin } from '../origin.ts'
import type { Answer } from '../pipeline.ts'
import { Reply } from '../reply/reply.ts'
import type { WebSocketOptions } from '../route.ts'
import type { Socket } from './socket.ts'

/** The default of `messageLimit`: 1 MiB. */
const MESSAGE_LIMIT = 1024 * 1024

type Handler = (context: never) => unknown

/** The answer of a WebSocket route: an upgrade that runs the handler. */
export function websocketAnswer(options: WebSocketOptions, handler: Handler): Answer {
  const read = messageReader(options.receives)
  return (exchange) => {
    const offered = headerValue(exchange.request.headers, 'sec-websocket-protocol') ?? ''
    const names = offered.split(',').map((name) => name.trim())
    const protocol = options.protocols?.find((name) => names.includes(name))
    const run = (socket: Socket) => {
      const connection = new Connection(exchange, socket, { read, sends: options.sends, protocol })
      return connection.run(() => handler(withSocket(exchange, connection) as never))
    }
    const messageLimit = options.messageLimit ?? MESSAGE_LIMIT
    return new Reply(101, {}, { kind: 'upgrade', run, messageLimit, protocol })
  }
}

/**
 * Browsers let any page open a WebSocket to any host and send its cookies along, so a foreign Origin
 * is refused unless it is listed. This stands before the dependencies: they act in the visitor's name.
 */
export function sameOrigin(allowed: readonly string[] | undefined, answer: Answer): Answer {
  return (exchange) => {
    const origin = headerValue(exchange.request.headers, 'origin')
    const mayConnect =
      allowed === undefined
        ? foreignOrigin(exchange.request) === undefined
        : origin === undefined || allowed.includes('*') || allowed.includes(origin)
    if (mayConnect) return answer(exchange)
    throw new HttpError('FORBIDDEN', {
      detail: 'This origin may not connect. Add it to the `origins` of the route.',
    })
  }
}

/** The context of a WebSocket handler: that of the route, and the socket. */
function withSocket(exchange: Exchange, socket: Connection): object {
  const values = exchange.context === exchange ? {} : exchange.context
  return new ExchangeView(exchange, { ...values, socket })
}
