/** The operations, by tag, and a filter for them. */
import { useRef, useState } from 'preact/hooks'
import type { Operation } from './document.ts'

interface SidebarProps {
  readonly operations: readonly Operation[]
  readonly current: Operation | undefined
  /** Those that run, by id. */
  readonly running: ReadonlySet<string>
}

export function Sidebar({ operations, current, running }: SidebarProps) {
  const [filter, setFilter] = useState('')
  const [open, setOpen] = useState(false)
  const list = useRef<HTMLDivElement>(null)
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  const shown = operations.filter((operation) => {
    const text =
      `${operation.method} ${operation.path} ${operation.summary ?? ''} ${operation.id}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
  const onKeyDown = (event: KeyboardEvent) => {
    const links = [...(list.current?.querySelectorAll<HTMLElement>('a') ?? [])]
    const at = links.indexOf(document.activeElement as HTMLElement)
    if (event.key === 'ArrowDown') links[Math.min(at + 1, links.length - 1)]?.focus()
    else if (event.key === 'ArrowUp') (at <= 0 ? filterInput() : links[at - 1])?.focus()
    else if (event.key === 'Enter' && at === -1) links[0]?.click()
    else return
    event.preventDefault()
  }
  return (
    <nav class="sidebar" aria-label="Operations" data-open={open} onKeyDown={onKeyDown}>
      <button type="button" class="picker" aria-expanded={open} onClick={() => setOpen(!open)}>
        {current === undefined ? (
          'Choose an operation'
        ) : (
          <>
            <Method name={current.method} /> <span>{current.path}</span>
          </>
        )}
        <span class="chevron" aria-hidden="true">
          ▾
        </span>
      </button>
      <div class="sidebar-body">
        <input
          id="filter"
          type="search"
          aria-label="Filter the operations"
          placeholder="Filter"
          value={filter}
          onInput={({ currentTarget: { value } }) => setFilter(value)}
        />
        <div ref={list} onClick={() => setOpen(false)}>
          {[...byTag(shown)].map(([tag, members]) => (
            <section>
              {tag !== '' && <h2>{tag}</h2>}
              <ul>
                {members.map((operation) => (
                  <li>
                    <a
                      href={`#${encodeURIComponent(operation.id)}`}
                      aria-current={operation === current ? 'true' : undefined}
                      title={operation.summary}
                    >
                      <Method name={operation.method} />
                      <span class={operation.deprecated ? 'path deprecated' : 'path'}>{operation.path}</span>
                      {running.has(operation.id) && <span class="live" role="img" aria-label="running" />}
                    </a>
                  </li>
                ))}
              </ul>
            </section>
          ))}
          {shown.length === 0 && <p class="muted">Nothing has “{filter}” in its path or summary.</p>}
        </div>
      </div>
    </nav>
  )
}

export const filterInput = () => document.querySelector<HTMLInputElement>('#filter')

/** Operations by their first tag, in the order in which the tags come; those without one first. */
export function byTag(operations: readonly Operation[]): ReadonlyMap<string, readonly Operation[]> {
  const groups = new Map<string, Operation[]>([['', []]])
  for (const operation of operations) {
    const tag = operation.tag ?? ''
    groups.set(tag, [...(groups.get(tag) ?? []), operation])
  }
  return new Map([...groups].filter(([, members]) => members.length > 0))
}

export function Method({ name }: { readonly name: string }) {
  return (
    <span class="method" data-method={name}>
      {name === 'DELETE' ? 'DEL' : name === 'OPTIONS' ? 'OPT' : name}
    </span>
  )
}
