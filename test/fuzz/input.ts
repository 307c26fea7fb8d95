/**
 * One input: what a client does on one connection. Written as text, one step a line, so that a seed can be
 * read and edited:
 *
 *     # why it is here
 *     port plain
 *     send "GET / HTTP/2.0\r\nHost: a\r\n\r\n"
 *     repeat 100 "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
 *     hex 505249
 *     pause 20
 *     end reset
 */

export const GRAMMARS = ['http1', 'http2', 'websocket', 'tls'] as const
export type Grammar = (typeof GRAMMARS)[number]

/** Where an input goes: bare bytes to one of three ports, or through real TLS with a protocol of ALPN. */
export const PORTS = ['plain', 'http2', 'tls', 'https1', 'https2'] as const
export type PortName = (typeof PORTS)[number]

/** How the client leaves: in order, with a reset, with half of the connection, or by waiting for the server. */
export const ENDS = ['close', 'reset', 'half', 'wait'] as const
export type End = (typeof ENDS)[number]

export type Step =
  | { readonly kind: 'send'; readonly bytes: Buffer }
  | { readonly kind: 'pause'; readonly ms: number }

export interface Input {
  readonly grammar: Grammar
  readonly port: PortName
  readonly steps: readonly Step[]
  readonly end: End
  /** Whether the client takes what the server sends. */
  readonly reads: boolean
  /** How long it stays when it gets nothing, in milliseconds. */
  readonly patience: number
  /** The ids of its requests, if each of them must be answered with a reply of its own, in this order. */
  readonly expects?: readonly number[]
}

export const send = (bytes: Buffer | string): Step => ({
  kind: 'send',
  bytes: typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes,
})

export const pause = (ms: number): Step => ({ kind: 'pause', ms })

/** All that an input sends. */
export const bytesOf = (input: Input): Buffer =>
  Buffer.concat(input.steps.flatMap((step) => (step.kind === 'send' ? [step.bytes] : [])))

export function formatInput(input: Input, reason: string): string {
  const lines = reason.split('\n').map((line) => `# ${line}`)
  lines.push(`grammar ${input.grammar}`, `port ${input.port}`, `patience ${input.patience}`)
  if (!input.reads) lines.push('deaf')
  if (input.expects !== undefined) lines.push(`expects ${input.expects.join(' ')}`)
  for (const step of input.steps)
    lines.push(step.kind === 'pause' ? `pause ${step.ms}` : formatBytes(step.bytes))
  lines.push(`end ${input.end}`)
  return `${lines.join('\n')}\n`
}

function formatBytes(bytes: Buffer): string {
  const text = bytes.toString('latin1')
  const isText = (text.match(/[^\t\r\n\x20-\x7e]/g) ?? []).length * 4 <= text.length
  return isText ? `send ${JSON.stringify(text)}` : `hex ${bytes.toString('hex')}`
}

/** @throws {Error} for a line that it does not know. */
export function parseInput(text: string): Input {
  const input = {
    grammar: 'http1' as Grammar,
    port: 'plain' as PortName,
    steps: [] as Step[],
    end: 'close' as End,
    reads: true,
    patience: 60,
  }
  let expects: number[] | undefined
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const [, word, rest = ''] = /^(\S+)\s?(.*)$/.exec(line)!
    if (word === 'grammar') input.grammar = oneOf(GRAMMARS, rest)
    else if (word === 'port') input.port = oneOf(PORTS, rest)
    else if (word === 'end') input.end = oneOf(ENDS, rest)
    else if (word === 'patience') input.patience = Number(rest)
    else if (word === 'deaf') input.reads = false
    else if (word === 'expects') expects = rest.split(' ').map(Number)
    else input.steps.push(parseStep(word!, rest))
  }
  return expects === undefined ? input : { ...input, expects }
}

function parseStep(word: string, rest: string): Step {
  if (word === 'pause') return pause(Number(rest))
  if (word === 'send') return send(JSON.parse(rest) as string)
  if (word === 'hex') return send(Buffer.from(rest.replaceAll(' ', ''), 'hex'))
  const [, count, what = '', value = ''] = (word === 'repeat' && /^(\d+) (hex )?(.*)$/.exec(rest)) || []
  if (count === undefined) throw new Error(`Unknown line of an input: ${word} ${rest}`)
  const { bytes } = parseStep(what.trim() || 'send', value) as { readonly bytes: Buffer }
  return send(Buffer.concat(Array.from({ length: Number(count) }, () => bytes)))
}

function oneOf<T extends string>(values: readonly T[], value: string): T {
  const found = values.find((each) => each === value.trim())
  if (found === undefined)
    throw new Error(`Unknown value in an input: ${value}. There are: ${values.join(', ')}.`)
  return found
}
