/**
 * The deltas of language models, put together again. Their services cut one text into hundreds of events, each in
 * a shape of its own; what they add up to is what one wants to read.
 */
import { parse } from './decode.ts'
import { asList, asText, isRecord } from './schema.ts'

/** A piece of a text: which one, and what is added to it. */
type Delta = readonly [name: string, text: string]

const MERGED_LIMIT = 1024 * 1024
/** A stream that has carried no delta in so many items is none of a language model. */
const PATIENCE = 500

/** Texts by name (`text`, `thinking`, `tool: search`), in the order in which they began. */
export class MergedText {
  readonly #texts = new Map<string, string>()
  /** Names of tool calls, which are said once, by their place. */
  readonly #tools = new Map<string, string>()
  #truncated = false
  #seen = 0

  get parts(): ReadonlyMap<string, string> {
    return this.#texts
  }

  /** Whether a text has become longer than what is kept of it. */
  get truncated(): boolean {
    return this.#truncated
  }

  /** Takes the data of one item. */
  add(data: string): void {
    if (this.#seen++ > PATIENCE && this.#texts.size === 0) return
    const value = parse(data)
    for (const [name, text] of typeof value === 'string'
      ? ([['text', value]] as const)
      : this.#deltas(value)) {
      const before = this.#texts.get(name) ?? ''
      if (before.length + text.length > MERGED_LIMIT) this.#truncated = true
      else if (text !== '' || before !== '') this.#texts.set(name, before + text)
    }
  }

  #deltas(value: unknown): readonly Delta[] {
    if (!isRecord(value)) return []
    if (Array.isArray(value['choices'])) return value['choices'].flatMap((choice) => this.#choice(choice))
    if (Array.isArray(value['candidates'])) return candidates(value['candidates'])
    const type = asText(value['type']) ?? ''
    if (type.startsWith('content_block')) return this.#block(type, value)
    const delta = value['delta']
    if (typeof delta === 'string') return [[nameOfType(type), delta]]
    if (isRecord(delta)) return plainText(delta)
    return isRecord(value['message']) ? plainText(value['message']) : plainText(value)
  }

  /** OpenAI's chat completions: `choices[].delta` with content, reasoning or parts of tool calls. */
  #choice(choice: unknown): Delta[] {
    if (!isRecord(choice)) return []
    const delta = isRecord(choice['delta']) ? choice['delta'] : {}
    const index = Number(choice['index'] ?? 0)
    const suffix = index > 0 ? ` ${index + 1}` : ''
    const found: Delta[] = []
    const content = asText(delta['content']) ?? asText(choice['text'])
    if (content !== undefined) found.push([`text${suffix}`, content])
    const thinking = asText(delta['reasoning_content']) ?? asText(delta['reasoning'])
    if (thinking !== undefined) found.push([`thinking${suffix}`, thinking])
    for (const call of asList(delta['tool_calls'])) {
      if (!isRecord(call)) continue
      const own = isRecord(call['function']) ? call['function'] : {}
      const name = this.#tool(`${index}.${String(call['index'] ?? 0)}`, asText(own['name']))
      found.push([name, asText(own['arguments']) ?? ''])
    }
    return found
  }

  /** Anthropic's messages: blocks that start, and get text, thinking or the JSON of a tool's input. */
  #block(type: string, value: Readonly<Record<string, unknown>>): Delta[] {
    const place = `block ${String(value['index'] ?? 0)}`
    if (type === 'content_block_start') {
      const block = isRecord(value['content_block']) ? value['content_block'] : {}
      if (asText(block['name']) !== undefined) this.#tool(place, asText(block['name']))
      return []
    }
    const delta = isRecord(value['delta']) ? value['delta'] : {}
    const json = asText(delta['partial_json'])
    if (json !== undefined) return [[this.#tool(place, undefined), json]]
    return plainText(delta)
  }

  #tool(place: string, name: string | undefined): string {
    if (name !== undefined) this.#tools.set(place, `tool: ${name}`)
    return this.#tools.get(place) ?? `tool: ${place}`
  }
}

/** Gemini: `candidates[].content.parts[].text`. */
function candidates(values: readonly unknown[]): Delta[] {
  return values.flatMap((candidate) => {
    const content = isRecord(candidate) && isRecord(candidate['content']) ? candidate['content'] : {}
    return asList(content['parts']).flatMap((part) => (isRecord(part) ? plainText(part) : []))
  })
}

/** Events that are named after what they carry: OpenAI's responses, the AI SDK. */
const nameOfType = (type: string) =>
  /arguments|tool/.test(type) ? 'tool' : /reason|think/.test(type) ? 'thinking' : 'text'

function plainText(value: Readonly<Record<string, unknown>>): Delta[] {
  const thinking = asText(value['thinking'])
  if (thinking !== undefined) return [['thinking', thinking]]
  for (const name of ['text', 'content', 'token']) {
    const text = asText(value[name])
    if (text !== undefined) return [['text', text]]
  }
  return []
}
