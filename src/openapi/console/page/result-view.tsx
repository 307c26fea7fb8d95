/** What came of a request: its status, its head, and its body as rows or as a whole. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { BodyView } from './body-view.tsx'
import { useClock } from './change.ts'
import { JsonText, pretty } from './json-view.tsx'
import { bytes, count, duration } from './quantity.ts'
import { RateChart } from './rate-chart.tsx'
import type { Row } from './row.ts'
import { RowList, type View } from './row-list.tsx'
import type { Run, RunState } from './run.ts'
import { saveAs } from './save.ts'

const STATES: Readonly<Record<RunState, string>> = {
  idle: 'not sent',
  sending: 'waiting for the reply',
  streaming: 'streaming',
  paused: 'paused',
  waiting: 'reconnecting',
  complete: 'complete',
  truncated: 'truncated',
  cancelled: 'cancelled',
  failed: 'failed',
}

/** How it stands, in a word. */
export function State({ state }: { readonly state: string }) {
  return (
    <output class="state" data-state={state}>
      {STATES[state as RunState] ?? state}
    </output>
  )
}

export function ResultView({ run }: { readonly run: Run }) {
  const { state, status, upload } = run
  const received = status !== 0
  useClock(run.busy, 250)
  const section = useRef<HTMLElement>(null)
  // Where it stands below the form, whoever has run it wants to see it.
  useEffect(() => {
    const { top, height } = section.current?.getBoundingClientRect() ?? { top: 0, height: 0 }
    if (top + Math.min(height, 120) > innerHeight) section.current?.scrollIntoView()
  }, [run])
  return (
    <section class="result" ref={section} aria-label="Result" aria-busy={run.busy}>
      <header class="result-head">
        {status !== 0 && (
          <span class="status" data-class={String(status)[0]}>
            {status}
          </span>
        )}
        <State state={state} />
        <Controls run={run} />
      </header>
      {run.message !== '' && (
        <p class={state === 'cancelled' ? 'message' : 'message alarm'} role="status">
          {run.message}
        </p>
      )}
      {upload !== undefined && <Upload {...upload} />}
      {received && <RunFigures run={run} />}
      {received && (run.isStream ? <StreamBody run={run} /> : <BodyView run={run} />)}
      {received && <Headers run={run} />}
    </section>
  )
}

function Controls({ run }: { readonly run: Run }) {
  const { state } = run
  const ended = !run.busy && run.isStream && run.status !== 0
  return (
    <span class="controls">
      {state === 'streaming' && run.isStream && (
        <button type="button" onClick={() => run.pause()}>
          Pause
        </button>
      )}
      {state === 'paused' && (
        <button type="button" class="primary" onClick={() => run.continue()}>
          Continue
        </button>
      )}
      {ended && run.shape === 'events' && (
        <button type="button" onClick={() => void run.resume()}>
          {run.lastEventId === '' ? 'Reconnect' : `Resume after id ${short(run.lastEventId)}`}
        </button>
      )}
      {run.busy && (
        <button type="button" onClick={() => run.cancel()}>
          Cancel
        </button>
      )}
    </span>
  )
}

const short = (id: string) => (id.length > 16 ? `${id.slice(0, 15)}…` : id)

function Upload({ sent, total, rate }: { sent: number; total: number; rate: number }) {
  return (
    <div class="transfer">
      <label>
        <span>
          Sent <b>{bytes(sent)}</b> of {bytes(total)}
        </span>
        <progress class="upload" value={total === 0 ? 1 : sent / total} />
      </label>
      <span class="muted">{bytes(rate)}/s</span>
    </div>
  )
}

function RunFigures({ run }: { readonly run: Run }) {
  const what = run.shape === 'chunks' ? 'Chunks' : 'Items'
  const figures: [string, string][] = [
    ['Head after', duration(run.headAt)],
    [run.isStream ? 'First item' : 'First byte', duration(run.firstAt)],
    ...(run.isStream ? ([[what, count(run.items)]] as [string, string][]) : []),
    ['Body', bytes(run.bytes)],
    [run.busy ? 'Running' : 'Took', duration(run.elapsed)],
  ]
  return <Figures figures={figures} />
}

/** What was counted and timed, by name. */
export function Figures({ figures }: { readonly figures: readonly [name: string, value: string][] }) {
  return (
    <dl class="figures">
      {figures.map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd data-figure={name.toLowerCase().replace(' ', '-')}>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function StreamBody({ run }: { readonly run: Run }) {
  const [view, setView] = useState<View | 'merged'>('parsed')
  const [selected, setSelected] = useState<number>()
  const hasMerged = run.merged.parts.size > 0 || run.shape === 'text'
  const views: (View | 'merged')[] = hasMerged ? ['parsed', 'raw', 'merged'] : ['parsed', 'raw']
  const row = selected === undefined ? undefined : run.log.at(selected - run.log.dropped - 1)
  return (
    <>
      <RateChart rate={run.rate} at={run.elapsed} what={run.shape === 'chunks' ? 'bytes' : 'items'} />
      <div class="toolbar">
        <div class="segments" role="radiogroup" aria-label="View">
          {views.map((each) => (
            <label>
              <input type="radio" name="view" checked={view === each} onChange={() => setView(each)} />
              <span>{each === 'parsed' ? 'Parsed' : each === 'raw' ? 'Raw' : 'Merged'}</span>
            </label>
          ))}
        </div>
        {run.shape === 'events' && (
          <label class="check">
            <input
              type="checkbox"
              checked={run.reconnects}
              onChange={({ currentTarget: { checked } }) => (run.reconnects = checked)}
            />
            Reconnect by itself
          </label>
        )}
        <SaveLink run={run} />
      </div>
      {view === 'merged' ? (
        <Merged run={run} />
      ) : (
        <RowList
          log={run.log}
          view={view}
          selected={selected}
          onSelect={setSelected}
          empty={run.busy ? 'Connected. Nothing has come yet.' : 'The stream ended without an item.'}
        />
      )}
      {row !== undefined && view !== 'merged' && (
        <RowDetail row={row} view={view} onClose={() => setSelected(undefined)} />
      )}
    </>
  )
}

/** One row in full. */
export function RowDetail({ row, view, onClose }: { row: Row; view: View; onClose: () => void }) {
  return (
    <div class="detail" role="region" aria-label={`Row ${row.number}`}>
      <header>
        <b>#{count(row.number)}</b>
        {row.id !== undefined && <span class="tag">id {row.id}</span>}
        {row.event !== undefined && <span class="tag">{row.event}</span>}
        <span class="muted">{bytes(row.bytes)}</span>
        <button type="button" class="quiet" aria-label="Close the row" onClick={onClose}>
          ✕
        </button>
      </header>
      <pre tabIndex={0}>{view === 'raw' ? row.raw : <JsonText text={pretty(row.data)} />}</pre>
    </div>
  )
}

/** What the deltas of a language model add up to, or the chunks of a text. */
function Merged({ run }: { readonly run: Run }) {
  if (run.shape === 'text')
    return (
      <pre class="merged" tabIndex={0}>
        {[...run.log].map((row) => row.data).join('')}
      </pre>
    )
  return (
    <div class="merged" tabIndex={0} role="region" aria-label="Merged text">
      {[...run.merged.parts].map(([name, text]) => (
        <>
          <h4>{name}</h4>
          <p>{text}</p>
        </>
      ))}
      {run.merged.truncated && <p class="hint">Only the first mebibyte of each text is kept.</p>}
    </div>
  )
}

/** Saves what has come, as long as all of it is kept. */
function SaveLink({ run }: { readonly run: Run }) {
  const save = () => {
    const { body } = run
    if (body !== undefined) saveAs(body, 'stream')
  }
  if (run.bytes === 0) return null
  return (
    <button type="button" class="quiet" disabled={run.body === undefined} onClick={save}>
      {run.body === undefined ? 'Too much to save here' : 'Save'}
    </button>
  )
}

function Headers({ run }: { readonly run: Run }) {
  return (
    <details class="headers">
      <summary>
        Headers <span class="muted">{run.headers.length}</span>
      </summary>
      <table>
        <tbody>
          {run.headers.map(([name, value]) => (
            <tr>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}
