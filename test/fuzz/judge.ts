/** What is wrong with what a server sent back for one input. */
import { bytesOf, type Input } from './input.ts'
import { frameFault } from './message.ts'
import { type Replies, readReplies } from './reply.ts'
import type { Visit } from './visit.ts'

export interface Fault {
  readonly oracle: string
  readonly what: string
}

/** Whether all replies that an input expects have come. */
export function isAnswered(input: Input, received: Buffer): boolean {
  const { replies } = readReplies(received)
  return replies.filter(({ isWhole }) => isWhole).length >= (input.expects?.length ?? 0)
}

export function judge(input: Input, visit: Visit): Fault | undefined {
  if (visit.end === 'refused')
    return input.expects && { oracle: 'answer', what: 'the connection was refused' }
  if (input.port === 'http2' || input.port === 'https2') return judgeFrames(visit)
  // Alerts are not HTTP.
  if (input.port === 'tls') return undefined
  const replies = readReplies(visit.received)
  if (replies.fault !== undefined && !visit.isPartial) return { oracle: 'reply', what: replies.fault }
  const frames = replies.upgraded === undefined ? undefined : frameFault(replies.upgraded)
  if (frames !== undefined) return { oracle: 'reply', what: frames }
  const order = judgeOrder(input, replies)
  if (order !== undefined) return { oracle: 'order', what: order }
  if (input.expects === undefined) return undefined
  if (visit.end === 'left' && !visit.isPartial && !isAnswered(input, visit.received))
    return { oracle: 'answer', what: `${input.expects.length} requests, ${replies.replies.length} replies` }
  return undefined
}

/** Replies come in the order of their requests, none twice, and none for what was not asked. */
function judgeOrder(input: Input, { replies }: Replies): string | undefined {
  const ids = replies.map(({ id }) => id)
  const known = ids.filter((id) => id !== undefined)
  const shown = `the replies answer the requests ${ids.map((id) => id ?? '?').join(' ')}`
  const asked = input.expects ?? idsOf(input)
  for (let i = 0, place = -1; i < known.length; i++) {
    place = asked.indexOf(known[i]!, place + 1)
    if (place === -1) return `${shown}, of ${asked.join(' ')}`
  }
  if (input.expects !== undefined)
    for (const [i, id] of ids.entries())
      if (id !== undefined && id !== asked[i]) return `${shown}, of ${asked.join(' ')}`
  return undefined
}

/** The ids that an input contains, in their order. */
function idsOf(input: Input): number[] {
  const text = bytesOf(input).toString('latin1')
  return Array.from(text.matchAll(/x-id:[ \t]*0*(\d{1,9})(?!\d)/gi), ([, id]) => Number(id))
}

/** Frames have a size, a stream and an order. */
function judgeFrames({ received }: Visit): Fault | undefined {
  const opened = new Set<number>()
  const fault = (what: string): Fault => ({ oracle: 'reply', what })
  for (let at = 0, n = 0; at + 9 <= received.length; n++) {
    const size = received.readUIntBE(at, 3)
    const type = received[at + 3]!
    const stream = received.readUInt32BE(at + 5)
    if (size > 16_384 || type > 9) return fault(`frame ${n} has type ${type} and ${size} bytes`)
    // A server that gives up at once may say so first.
    if (n === 0 && type !== 4 && type !== 7) return fault(`the first frame has type ${type}`)
    if (type === 1) opened.add(stream)
    if (type === 0 && !opened.has(stream)) return fault(`DATA before HEADERS on stream ${stream}`)
    at += 9 + size
  }
  return undefined
}
