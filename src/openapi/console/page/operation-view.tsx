/** One operation: what it is, what it takes, and what came of the last run. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { BodyField } from './body-field.tsx'
import { toClient } from './client-snippet.ts'
import { CopyButton } from './copy-button.tsx'
import type { ApiDocument, Content, HttpOperation, Operation } from './document.ts'
import type { Requirement } from './security-scheme.ts'
import { ParameterField } from './field.tsx'
import { Prose } from './prose.tsx'
import { type Credentials, essence, fieldKey, FormProblem, type FormValues, prepare } from './request.ts'
import { bodyExample, replyExample } from './example.ts'
import { JsonText } from './json-view.tsx'
import type { Resolve } from './schema.ts'
import { ResultView } from './result-view.tsx'
import { Run } from './run.ts'
import { streamsItems, toCurl, toFetch } from './snippet.ts'

export interface OperationProps {
  readonly document: ApiDocument
  readonly operation: HttpOperation
  readonly values: FormValues
  readonly onValues: (values: FormValues) => void
  readonly run: Run | undefined
  readonly onRun: (run: Run) => void
  readonly credentials: Credentials
  readonly root: string
  /** To be called when something is to be drawn again. */
  readonly changed: () => void
}

export function OperationView(props: OperationProps) {
  const { document, operation, values, onValues, run, onRun, credentials, root, changed } = props
  const [problem, setProblem] = useState<FormProblem>()
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => setProblem(undefined), [operation])

  const change = (part: Partial<FormValues>) => {
    setProblem(undefined)
    onValues({ ...values, ...part })
  }
  const request = () => prepare(operation, values, root, document.schemes, credentials)
  const send = (event: Event) => {
    event.preventDefault()
    try {
      const next = new Run(request(), changed)
      run?.cancel()
      setProblem(undefined)
      onRun(next)
      void next.start()
    } catch (error) {
      if (!(error instanceof FormProblem)) throw error
      setProblem(error)
      const id = error.field === 'body' ? '.editor' : `#field-${CSS.escape(error.field)}`
      form.current?.querySelector<HTMLElement>(id)?.focus()
    }
  }

  return (
    <article class="operation">
      <OperationHead operation={operation} />
      <div class="panes">
        <form class="request" ref={form} onSubmit={send} noValidate={false}>
          <Needs security={operation.security} credentials={credentials} />
          <Parameters operation={operation} values={values} problem={problem} change={change} />
          <BodyField
            operation={operation}
            values={values}
            problem={problem?.field === 'body' ? problem.message : undefined}
            onChange={change}
            exampleFor={(mediaType) => bodyExample(operation, mediaType)}
          />
          <ReplyOptions operation={operation} values={values} change={change} />
          {operation.parameters.length + operation.bodies.length === 0 && (
            <p class="nothing">Takes no input.</p>
          )}
          <div class="send">
            <button class="primary" id="run">
              {run?.busy === true ? 'Run again' : 'Run'}
            </button>
            <span class="copies" role="group" aria-label="Copy as">
              <CopyButton label="curl" text={() => toCurl(request())} />
              <CopyButton label="fetch" text={() => toFetch(request(), streamsItems(operation))} />
              <CopyButton
                label="client"
                text={() => toClient(operation, values, root, streamsItems(operation))}
              />
            </span>
          </div>
        </form>
        {run === undefined ? <NothingYet operation={operation} /> : <ResultView run={run} />}
      </div>
    </article>
  )
}

export function OperationHead({ operation }: { readonly operation: Operation }) {
  const { method, path, summary, description, deprecated } = operation
  return (
    <header class="operation-head">
      <h1>
        <span class="method" data-method={method}>
          {method}
        </span>
        <code class={deprecated ? 'deprecated' : undefined}>{path}</code>
        {deprecated && <span class="tag alarm">deprecated</span>}
      </h1>
      {summary !== undefined && <p class="summary">{summary}</p>}
      {description !== undefined && <Prose text={description} />}
    </header>
  )
}

/** What the operation wants to know of the one who asks, and whether that is filled in. */
export function Needs({
  security,
  credentials,
}: {
  readonly security: readonly Requirement[]
  readonly credentials: Credentials
}) {
  if (security.length === 0) return null
  const names = security.map((each) => Object.keys(each).join(' and ') || 'nothing').join(', or ')
  const met = security.some((each) => Object.keys(each).every((name) => (credentials[name] ?? '') !== ''))
  return (
    <p class="needs" data-met={met}>
      Needs {names}: <b>{met ? 'sent' : 'not authorised'}</b>
    </p>
  )
}

const PLACES = { path: 'Path', query: 'Query', header: 'Headers', cookie: 'Cookies' } as const

/** The parameters, by where they go. */
export function Parameters({
  operation,
  values,
  problem,
  change,
}: {
  readonly operation: Operation
  readonly values: FormValues
  readonly problem: FormProblem | undefined
  readonly change: (part: Partial<FormValues>) => void
}) {
  return (
    <>
      {(Object.keys(PLACES) as (keyof typeof PLACES)[]).map((place) => {
        const here = operation.parameters.filter((each) => each.in === place)
        if (here.length === 0) return null
        return (
          <fieldset>
            <legend>{PLACES[place]}</legend>
            {here.map((parameter) => {
              const key = fieldKey(parameter)
              return (
                <ParameterField
                  key={`${operation.id} ${key}`}
                  parameter={parameter}
                  resolve={operation.resolve}
                  value={values.parameters[key] ?? ''}
                  problem={problem?.field === key ? problem.message : undefined}
                  onValue={(value) => change({ parameters: { ...values.parameters, [key]: value } })}
                />
              )
            })}
          </fieldset>
        )
      })}
    </>
  )
}

/** Which form of the reply, and which part of it. */
function ReplyOptions({
  operation,
  values,
  change,
}: {
  readonly operation: HttpOperation
  readonly values: FormValues
  readonly change: (part: Partial<FormValues>) => void
}) {
  const types = successTypes(operation)
  const binary =
    operation.method === 'GET' &&
    // A file has no type before it is opened.
    [...types, ...(types.length === 0 ? ['application/octet-stream'] : [])].some((type) =>
      /^application\/(octet|zip|pdf)|^(video|audio|image)\//.test(type),
    )
  if (types.length < 2 && !binary) return null
  return (
    <fieldset>
      <legend>Reply</legend>
      {types.length > 1 && (
        <div class="field">
          <label for="field-accept">
            <span class="name">accept</span>
            <span class="type">format</span>
          </label>
          <select
            id="field-accept"
            value={values.accept}
            onChange={({ currentTarget: { value } }) => change({ accept: value })}
          >
            <option value="">any</option>
            {types.map((type) => (
              <option value={type}>{type}</option>
            ))}
          </select>
        </div>
      )}
      {binary && (
        <div class="field">
          <label for="field-range">
            <span class="name">range</span>
            <span class="type">bytes, as in 0-1023 or -500</span>
          </label>
          <input
            id="field-range"
            value={values.range}
            pattern="\d+-\d*|-\d+"
            placeholder="all of it"
            title="first-last, first- or -count"
            autocomplete="off"
            onInput={({ currentTarget: { value } }) => change({ range: value.trim() })}
          />
        </div>
      )}
    </fieldset>
  )
}

function successTypes(operation: HttpOperation): string[] {
  const of = (start: string) => operation.replies.filter(({ status }) => status.startsWith(start))
  const success = of('2').length > 0 ? of('2') : of('default')
  return [...new Set(success.flatMap(({ content }) => content.map(({ mediaType }) => essence(mediaType))))]
}

/** One form of a reply, with an example of it to unfold. */
function Promised({ content, resolve }: { readonly content: Content; readonly resolve: Resolve }) {
  const { mediaType, itemSchema } = content
  const name = <code>{itemSchema === undefined ? mediaType : `${mediaType} · items`}</code>
  const example = replyExample(content, resolve)
  if (example === undefined) return <div>{name}</div>
  return (
    <details>
      <summary>{name}</summary>
      <pre tabIndex={0}>
        <JsonText text={example} />
      </pre>
    </details>
  )
}

/** Before the first run: what the document promises. */
function NothingYet({ operation }: { readonly operation: HttpOperation }) {
  return (
    <section class="result promise" aria-label="What it answers">
      <h2>Answers</h2>
      {operation.replies.length === 0 && <p class="muted">The document says nothing of its replies.</p>}
      <table>
        <tbody>
          {operation.replies.map(({ status, description, content }) => (
            <tr>
              <th scope="row">
                <span class="status" data-class={status[0]}>
                  {status}
                </span>
              </th>
              <td>
                {description !== undefined && <Prose text={description} />}
                {content.map((each) => (
                  <Promised key={each.mediaType} content={each} resolve={operation.resolve} />
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="hint">
        <kbd>Run</kbd> sends it, and so does <kbd>Enter</kbd> in a field or <kbd>Ctrl</kbd> <kbd>Enter</kbd>{' '}
        anywhere.
      </p>
    </section>
  )
}
