/** The little of Markdown that descriptions of routes are made of: paragraphs, lists, code, emphasis, links. */
import type { ComponentChildren } from 'preact'

export function Prose({ text }: { text: string }) {
  return (
    <div class="prose">
      {text
        .trim()
        .split(/\n\s*\n/)
        .map((block) => (
          <Block text={block} />
        ))}
    </div>
  )
}

function Block({ text }: { text: string }) {
  if (text.startsWith('```')) return <pre>{text.replaceAll(/^```.*\n?|\n?```$/g, '')}</pre>
  const lines = text.split('\n')
  if (lines.every((line) => /^\s*([-*+]|\d+\.)\s/.test(line)))
    return (
      <ul>
        {lines.map((line) => (
          <li>{inline(line.replace(/^\s*([-*+]|\d+\.)\s+/, ''))}</li>
        ))}
      </ul>
    )
  return <p>{inline(text.replace(/^#+\s+/, ''))}</p>
}

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^[\]]+)\]\((https?:\/\/[^)\s]+)\)/g

function inline(text: string): ComponentChildren[] {
  const parts: ComponentChildren[] = []
  let end = 0
  for (const match of text.matchAll(INLINE)) {
    parts.push(text.slice(end, match.index))
    const [all, code, strong, emphasis, label, href = ''] = match
    if (code !== undefined) parts.push(<code>{code}</code>)
    else if (strong !== undefined) parts.push(<strong>{strong}</strong>)
    else if (emphasis !== undefined) parts.push(<em>{emphasis}</em>)
    else
      parts.push(
        <a href={href} rel="noreferrer" target="_blank">
          {label}
        </a>,
      )
    end = match.index + all.length
  }
  parts.push(text.slice(end))
  return parts
}
