/** One WebSocket: connect, send, and see what goes either way. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { useClock } from './change.ts'
import { toSocketClient } from './client-snippet.ts'
import { CopyButton } from './copy-button.tsx'
import type { SocketOperation } from './document.ts'
import type { SecurityScheme } from './security-scheme.ts'
import { Needs, OperationHead, Parameters } from './operation-view.tsx'
import { count, duration } from './quantity.ts'
import { RateChart } from './rate-chart.tsx'
import { addressOf, authorize, type Credentials, FormProblem, type FormValues } from './request.ts'
import { Figures, RowDetail, State } from './result-view.tsx'
import { RowList } from './row-list.tsx'
import { describeType, exampleOf, kindOf } from './schema.ts'
import { toBrowserSocket } from './snippet.ts'
import { SocketSession } from './socket.ts'

interface SocketProps {
  readonly operation: SocketOperation
  readonly values: FormValues
  readonly onValues: (values: FormValues) => void
  readonly session: SocketSession | undefined
  readonly onSession: (session: SocketSession) => void
  readonly schemes: readonly SecurityScheme[]
  readonly credentials: Credentials
  readonly root: string
  readonly changed: () => void
}

export function SocketView(props: SocketProps) {
  const { operation, values, onValues, session, onSession, schemes, credentials, root, changed } = props
  const [problem, setProblem] = useState<FormProblem>()
  const [protocols, setProtocols] = useState('')
  const change = (part: Partial<FormValues>) => {
    setProblem(undefined)
    onValues({ ...values, ...part })
  }
  // What needs a header cannot be sent, and an alternative that can is taken instead.
  const sendable = schemes.filter(({ type, in: place }) => type === 'apiKey' && place !== 'header')
  const security = operation.security.filter((each) =>
    Object.keys(each).every((name) => sendable.some((scheme) => scheme.name === name)),
  )
  const proof = () => authorize(security, sendable, credentials)
  const url = () => {
    const made = new URL(addressOf(operation, values, root).replace(/^http/, 'ws'))
    for (const [name, value] of proof().query) made.searchParams.append(name, value)
    return made.href
  }
  const connect = (event: Event) => {
    event.preventDefault()
    try {
      const next = new SocketSession(url(), changed)
      session?.disconnect()
      onSession(next)
      next.connect(protocols.split(/[\s,]+/).filter(Boolean), proof().cookies)
    } catch (error) {
      if (!(error instanceof FormProblem)) throw error
      setProblem(error)
    }
  }
  return (
    <article class="operation">
      <OperationHead operation={operation} />
      <div class="panes">
        <form class="request" onSubmit={connect}>
          <Needs security={security.length === 0 ? operation.security : security} credentials={credentials} />
          <Parameters operation={operation} values={values} problem={problem} change={change} />
          <fieldset>
            <legend>Handshake</legend>
            <div class="field">
              <label for="field-protocols">
                <span class="name">subprotocols</span>
                <span class="type">names, the preferred one first</span>
              </label>
              <input
                id="field-protocols"
                value={protocols}
                autocomplete="off"
                spellcheck={false}
                onInput={({ currentTarget: { value } }) => setProtocols(value)}
              />
              <p class="hint">
                Browsers send no headers of yours with a WebSocket: what proves you goes in the query or a
                cookie.
              </p>
            </div>
          </fieldset>
          <div class="send">
            {session?.busy === true ? (
              <button type="button" onClick={() => session.disconnect()}>
                Disconnect
              </button>
            ) : (
              <button class="primary" id="run">
                Connect
              </button>
            )}
            <span class="copies" role="group" aria-label="Copy as">
              <CopyButton label="browser" text={() => toBrowserSocket(url())} />
              <CopyButton label="client" text={() => toSocketClient(operation, values, root)} />
            </span>
          </div>
        </form>
        {session === undefined ? (
          <Promised operation={operation} />
        ) : (
          <Session {...props} session={session} />
        )}
      </div>
    </article>
  )
}

function Promised({ operation }: { readonly operation: SocketOperation }) {
  const { receives, sends, resolve } = operation
  const show = (schema: unknown) =>
    schema === undefined ? 'anything' : describeType(schema, resolve) || 'anything'
  return (
    <section class="result promise" aria-label="What it speaks">
      <h2>Messages</h2>
      <table>
        <tbody>
          <tr>
            <th scope="row">it takes</th>
            <td>
              <code>{show(receives)}</code>
            </td>
          </tr>
          <tr>
            <th scope="row">it sends</th>
            <td>
              <code>{show(sends)}</code>
            </td>
          </tr>
        </tbody>
      </table>
      <p class="hint">Connect to see both directions here.</p>
    </section>
  )
}

function Session({ operation, session }: SocketProps & { readonly session: SocketSession }) {
  const [selected, setSelected] = useState<number>()
  useClock(session.busy, 250)
  const row = selected === undefined ? undefined : session.log.at(selected - session.log.dropped - 1)
  const figures: [string, string][] = [
    ['Open after', duration(session.openedAt)],
    ['Sent', count(session.sent)],
    ['Received', count(session.received)],
    [session.busy ? 'Running' : 'Took', duration(session.elapsed)],
  ]
  return (
    <section class="result" aria-label="Messages">
      <header class="result-head">
        {session.close !== undefined && (
          <span class="status" data-class={session.close.code === 1000 ? '2' : '5'}>
            {session.close.code}
          </span>
        )}
        <State state={session.state} />
        {session.close !== undefined && (
          <span class="message">
            {session.close.meaning}
            {session.close.reason !== '' && `: “${session.close.reason}”`}
          </span>
        )}
      </header>
      <Figures figures={figures} />
      <RateChart rate={session.rate} at={session.elapsed} what="items" />
      <RowList
        log={session.log}
        view="parsed"
        selected={selected}
        onSelect={setSelected}
        empty="Connecting."
      />
      {row !== undefined && <RowDetail row={row} view="parsed" onClose={() => setSelected(undefined)} />}
      <SendBox operation={operation} session={session} />
    </section>
  )
}

/** Enter sends, Shift and Enter make a line, as in every chat. */
function SendBox({
  operation,
  session,
}: {
  readonly operation: SocketOperation
  readonly session: SocketSession
}) {
  const { receives, resolve } = operation
  const isJson = receives !== undefined && ['json', 'list'].includes(kindOf(receives, resolve))
  const [text, setText] = useState(() => (isJson ? JSON.stringify(exampleOf(receives, resolve)) : ''))
  const box = useRef<HTMLTextAreaElement>(null)
  const isOpen = session.state === 'open'
  useEffect(() => {
    if (isOpen) box.current?.focus()
  }, [isOpen])
  const send = (event: Event) => {
    event.preventDefault()
    if (!isOpen) return
    session.send(text)
    if (!isJson) setText('')
    box.current?.focus()
  }
  const sendFile = async (files: FileList | null) => {
    for (const file of files ?? []) session.send(await file.arrayBuffer())
  }
  return (
    <form class="send-box" onSubmit={send}>
      <textarea
        ref={box}
        aria-label="Message"
        rows={isJson ? 3 : 1}
        placeholder={isOpen ? 'A message; Enter sends it' : 'Connect first'}
        spellcheck={false}
        value={text}
        disabled={!isOpen}
        onInput={({ currentTarget: { value } }) => setText(value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) send(event)
        }}
      />
      <button class="primary" disabled={!isOpen}>
        Send
      </button>
      <label class="quiet file">
        Bytes…
        <input
          type="file"
          aria-label="Send a file as one binary message"
          disabled={!isOpen}
          onChange={({ currentTarget }) => void sendFile(currentTarget.files)}
        />
      </label>
    </form>
  )
}
