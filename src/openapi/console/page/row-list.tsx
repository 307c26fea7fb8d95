/** The rows of a stream. Only those that can be seen exist; all have the same height. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { JsonLine } from './json-view.tsx'
import { bytes, count, duration, moment, plural } from './quantity.ts'
import { type Row, type RowLog } from './row.ts'

export type View = 'parsed' | 'raw'

const ROW_HEIGHT = 28
const SPARE = 8
/** Nobody reads more of a row than fits; the whole of it is below the list. */
const PREVIEW = 400

interface RowListProps {
  readonly log: RowLog
  readonly view: View
  readonly selected: number | undefined
  readonly onSelect: (row: number | undefined) => void
  readonly empty: string
}

export function RowList({ log, view, selected, onSelect, empty }: RowListProps) {
  const list = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(0)
  const [height, setHeight] = useState(400)
  const [follows, setFollows] = useState(true)

  useEffect(() => {
    const element = list.current
    if (element === null) return undefined
    const observer = new ResizeObserver(() => setHeight(element.clientHeight))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  useEffect(() => {
    if (follows && list.current !== null) list.current.scrollTop = list.current.scrollHeight
  })

  const first = Math.max(0, Math.floor(top / ROW_HEIGHT) - SPARE)
  const last = Math.min(log.length, Math.ceil((top + height) / ROW_HEIGHT) + SPARE)
  const rows: Row[] = []
  for (let index = first; index < last; index++) rows.push(log.at(index)!)
  const offset = log.dropped + 1

  const select = (number: number) => {
    const within = Math.max(offset, Math.min(log.total, number))
    setFollows(false)
    onSelect(within)
    const element = list.current
    if (element === null) return
    const at = (within - offset) * ROW_HEIGHT
    if (at < element.scrollTop) element.scrollTop = at
    if (at + ROW_HEIGHT > element.scrollTop + element.clientHeight)
      element.scrollTop = at + ROW_HEIGHT - element.clientHeight
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(height / ROW_HEIGHT) - 1)
    const current = selected ?? (event.key === 'ArrowUp' ? log.total + 1 : offset - 1)
    const next = {
      ArrowDown: current + 1,
      ArrowUp: current - 1,
      PageDown: current + page,
      PageUp: current - page,
    }
    if (event.key in next) select(next[event.key as keyof typeof next])
    else if (event.key === 'Home') select(offset)
    else if (event.key === 'End') select(log.total)
    else if (event.key === 'Escape' && selected !== undefined) onSelect(undefined)
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  return (
    <div class="rows-frame">
      <div class="rows-head" aria-hidden="true">
        <span>#</span>
        <span>at, s</span>
        <span>gap</span>
        <span>size</span>
        <span>{view === 'raw' ? 'as sent' : 'item'}</span>
      </div>
      <div
        class="rows"
        ref={list}
        role="grid"
        aria-label="Items"
        aria-rowcount={log.total}
        aria-activedescendant={selected === undefined ? undefined : `row-${selected}`}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          setTop(scrollTop)
          setFollows(scrollHeight - scrollTop - clientHeight < ROW_HEIGHT / 2)
        }}
      >
        {log.length === 0 && <p class="rows-empty">{empty}</p>}
        <div class="rows-all" style={{ height: `${log.length * ROW_HEIGHT}px` }}>
          <div role="rowgroup" style={{ transform: `translateY(${first * ROW_HEIGHT}px)` }}>
            {rows.map((row) => (
              <RowLine
                key={row.number}
                row={row}
                view={view}
                isSelected={row.number === selected}
                onSelect={() => onSelect(row.number === selected ? undefined : row.number)}
              />
            ))}
          </div>
        </div>
      </div>
      {!follows && log.length > 0 && (
        <button type="button" class="follow" onClick={() => setFollows(true)}>
          Newest ↓
        </button>
      )}
      {log.dropped > 0 && (
        <p class="dropped">
          The newest {plural(log.length, 'row')} of {count(log.total)} are kept.
        </p>
      )}
    </div>
  )
}

function RowLine({
  row,
  view,
  isSelected,
  onSelect,
}: {
  readonly row: Row
  readonly view: View
  readonly isSelected: boolean
  readonly onSelect: () => void
}) {
  return (
    <div
      class="row"
      id={`row-${row.number}`}
      role="row"
      aria-rowindex={row.number}
      aria-selected={isSelected}
      data-kind={row.kind}
      data-at={row.at.toFixed(1)}
      onClick={onSelect}
    >
      <span role="gridcell">{count(row.number)}</span>
      <span role="gridcell">{moment(row.at)}</span>
      <span role="gridcell">{row.gap === undefined ? '' : `+${duration(row.gap)}`}</span>
      <span role="gridcell">{row.bytes === 0 ? '' : bytes(row.bytes)}</span>
      <span role="gridcell" class="what">
        <Preview row={row} view={view} />
      </span>
    </div>
  )
}

const LABELS: Partial<Record<Row['kind'], string>> = {
  comment: 'comment',
  error: 'error',
  end: 'end',
  note: '',
  sent: '↑',
  received: '↓',
}

function Preview({ row, view }: { readonly row: Row; readonly view: View }) {
  const label = LABELS[row.kind]
  const text = (view === 'raw' ? row.raw : row.data).slice(0, PREVIEW).replaceAll(/\r\n|\n|\r/g, ' ⏎ ')
  return (
    <>
      {label && <span class="label">{label}</span>}
      {view === 'parsed' && row.id !== undefined && <span class="tag">id {row.id}</span>}
      {view === 'parsed' && row.event !== undefined && row.kind === 'item' && (
        <span class="tag">{row.event}</span>
      )}
      {view === 'raw' || row.kind === 'chunk' || row.kind === 'note' ? (
        text
      ) : (
        <JsonLine text={text} data={row.data} />
      )}
    </>
  )
}
