import type { ComponentChildren } from 'preact'
import { parse } from './decode.ts'
import { isRecord } from './schema.ts'

const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g
/** Colours are for reading, and nobody reads more than this. */
const COLOURED_LIMIT = 100_000

/** JSON text with its kinds of values told apart. Whatever it is, it becomes text nodes. */
export function JsonText({ text }: { text: string }) {
  if (text.length > COLOURED_LIMIT) return <>{text}</>
  const parts: ComponentChildren[] = []
  let end = 0
  for (const match of text.matchAll(TOKEN)) {
    const [all, string, colon, word] = match
    parts.push(text.slice(end, match.index))
    const kind =
      string === undefined ? (word === undefined ? 'number' : 'word') : colon === undefined ? 'string' : 'key'
    parts.push(<span class={`json-${kind}`}>{string ?? all}</span>, colon)
    end = match.index + all.length
  }
  parts.push(text.slice(end))
  return <>{parts}</>
}

/** Longer than this a line is not taken apart: it would be, for every row, in every frame. */
const LINE_LIMIT = 20_000

/** A value on one line: an object as its members, without the punctuation. `text` is what is shown of `data`. */
export function JsonLine({ text, data }: { readonly text: string; readonly data: string }) {
  const value = data.length > LINE_LIMIT ? undefined : parse(data)
  if (!isRecord(value)) return <JsonText text={text} />
  return (
    <>
      {Object.entries(value).map(([name, member]) => (
        <span class="member">
          <span class="json-key">{name}</span>{' '}
          <JsonText text={(JSON.stringify(member) ?? '').slice(0, text.length)} />
        </span>
      ))}
    </>
  )
}

/** A value over several lines, or its text as it is when it is no JSON. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
