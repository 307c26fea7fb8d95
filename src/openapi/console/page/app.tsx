/** The whole console: what is chosen, what was filled in, what runs. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { Authorize } from './authorize.tsx'
import { useChange } from './change.ts'
import type { ApiDocument, Operation } from './document.ts'
import { bodyExample } from './example.ts'
import { recall, remember } from './memory.ts'
import { OperationView } from './operation-view.tsx'
import { Portal } from './portal.tsx'
import { Prose } from './prose.tsx'
import { plural } from './quantity.ts'
import { type Credentials, type FormValues, initialValues } from './request.ts'
import type { Run } from './run.ts'
import { byTag, filterInput, Method, Sidebar } from './sidebar.tsx'
import type { SocketSession } from './socket.ts'
import { SocketView } from './socket-view.tsx'
import { Theme } from './theme.tsx'

export function App({ document: api, root }: { readonly document: ApiDocument; readonly root: string }) {
  const changed = useChange()
  const current = useCurrent(api.operations)
  const [forms, setForms] = useState<Readonly<Record<string, FormValues>>>(() => recall('forms', {}))
  const [credentials, setCredentials] = useState<Credentials>(() => recall('credentials', {}))
  const runs = useRef(new Map<string, Run>()).current
  const sessions = useRef(new Map<string, SocketSession>()).current
  useKeys(() => current !== undefined && runs.get(current.id))

  const running = new Set<string>()
  for (const [id, each] of [...runs, ...sessions]) if (each.busy) running.add(id)
  const keep = (id: string, values: FormValues) => {
    const next = { ...forms, [id]: values }
    setForms(next)
    // Files cannot be kept.
    remember(
      'forms',
      Object.fromEntries(Object.entries(next).map(([key, form]) => [key, { ...form, files: {} }])),
    )
  }
  const authorize = (next: Credentials) => {
    setCredentials(next)
    remember('credentials', next)
  }
  const values = current && (forms[current.id] ?? startingValues(current))
  return (
    <>
      <Portal into={document.querySelector('#masthead-end')}>
        <>
          <Authorize schemes={api.schemes} credentials={credentials} root={root} onCredentials={authorize} />
          <Theme />
        </>
      </Portal>
      <Sidebar operations={api.operations} current={current} running={running} />
      <main id="main" tabIndex={-1}>
        {current === undefined || values === undefined ? (
          <Welcome document={api} />
        ) : current.kind === 'http' ? (
          <OperationView
            key={current.id}
            document={api}
            operation={current}
            values={values}
            onValues={(next) => keep(current.id, next)}
            run={runs.get(current.id)}
            onRun={(run) => runs.set(current.id, run)}
            credentials={credentials}
            root={root}
            changed={changed}
          />
        ) : (
          <SocketView
            key={current.id}
            operation={current}
            values={values}
            onValues={(next) => keep(current.id, next)}
            schemes={api.schemes}
            credentials={credentials}
            session={sessions.get(current.id)}
            onSession={(session) => sessions.set(current.id, session)}
            root={root}
            changed={changed}
          />
        )}
      </main>
    </>
  )
}

function startingValues(operation: Operation): FormValues {
  const bodyType = operation.kind === 'http' ? operation.bodies[0]?.mediaType : undefined
  return initialValues(operation, operation.kind === 'http' ? bodyExample(operation, bodyType) : '')
}

/** The operation that the address names, so that links, reloads and the back button work. */
function useCurrent(operations: readonly Operation[]): Operation | undefined {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const read = () => setHash(location.hash)
    addEventListener('hashchange', read)
    return () => removeEventListener('hashchange', read)
  }, [])
  return useMemo(() => {
    let id: string
    try {
      id = decodeURIComponent(hash.slice(1))
    } catch {
      return undefined
    }
    return operations.find((each) => each.id === id)
  }, [hash, operations])
}

/** Keys that work everywhere: `/` filters, Ctrl and Enter run, Escape cancels. */
function useKeys(current: () => Run | undefined | false): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (document.querySelector('dialog[open]') !== null) return
      const typing = (event.target as HTMLElement).matches('input, textarea, select')
      if (event.key === '/' && !typing) filterInput()?.focus()
      else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey))
        document.querySelector<HTMLButtonElement>('#run')?.click()
      else if (event.key === 'Escape' && !typing) (current() || undefined)?.cancel()
      else return
      event.preventDefault()
    }
    addEventListener('keydown', onKeyDown)
    return () => removeEventListener('keydown', onKeyDown)
  })
}

function Welcome({ document: api }: { readonly document: ApiDocument }) {
  const sockets = api.operations.filter(({ kind }) => kind === 'socket').length
  return (
    <article class="welcome">
      <h1>
        {api.title} <span class="muted">{api.version}</span>
      </h1>
      {api.description !== undefined && <Prose text={api.description} />}
      <p>
        {plural(api.operations.length - sockets, 'operation')}
        {sockets > 0 && ` and ${plural(sockets, 'WebSocket')}`}. Choose one to fill it in, run it, and watch
        what comes.
      </p>
      <Overview operations={api.operations} />
      <dl class="keys">
        <div>
          <dt>
            <kbd>/</kbd>
          </dt>
          <dd>filter</dd>
        </div>
        <div>
          <dt>
            <kbd>Ctrl</kbd> <kbd>Enter</kbd>
          </dt>
          <dd>run</dd>
        </div>
        <div>
          <dt>
            <kbd>↑</kbd> <kbd>↓</kbd>
          </dt>
          <dd>walk through operations and rows</dd>
        </div>
        <div>
          <dt>
            <kbd>Esc</kbd>
          </dt>
          <dd>cancel what runs</dd>
        </div>
      </dl>
    </article>
  )
}

/** All operations with what they say of themselves. */
function Overview({ operations }: { readonly operations: readonly Operation[] }) {
  return (
    <div class="overview">
      {[...byTag(operations)].map(([tag, members]) => (
        <section>
          {tag !== '' && <h2>{tag}</h2>}
          <ul>
            {members.map(({ id, method, path, summary, deprecated }) => (
              <li>
                <a href={`#${encodeURIComponent(id)}`}>
                  <Method name={method} />
                  <code class={deprecated ? 'deprecated' : undefined}>{path}</code>
                  <span class="muted">{summary}</span>
                </a>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  )
}
