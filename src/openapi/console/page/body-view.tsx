/** A body that is one thing: JSON, text, an image, or bytes to save. */
import { useEffect, useState } from 'preact/hooks'
import { JsonText, pretty } from './json-view.tsx'
import { bytes, perSecond } from './quantity.ts'
import { isJson, isText } from './request.ts'
import { BODY_LIMIT, type Run } from './run.ts'
import { saveAs } from './save.ts'

const SHOWN_LIMIT = 512 * 1024

export function BodyView({ run }: { readonly run: Run }) {
  const text = useText(run)
  const image = useImage(run)
  if (run.bytes === 0 && !run.busy) return <p class="message">No body.</p>
  const textual = isTextual(run)
  return (
    <div class="body-view">
      {(run.busy || !textual) && <Progress run={run} />}
      {textual && text !== undefined && (
        <pre tabIndex={0} aria-label="Body">
          <JsonText text={isJson(run.mediaType) ? pretty(text) : text} />
        </pre>
      )}
      {textual && run.bytes > SHOWN_LIMIT && <p class="hint">The first {bytes(SHOWN_LIMIT)} are shown.</p>}
      {image !== undefined && <img src={image} alt="What was received" />}
      {!run.busy && !textual && <Save run={run} />}
    </div>
  )
}

const isTextual = ({ mediaType }: Run) => isJson(mediaType) || isText(mediaType) || /[/+]xml/.test(mediaType)

function useText(run: Run): string | undefined {
  const [text, setText] = useState<string>()
  const { body } = run
  const ready = !run.busy && isTextual(run) && body !== undefined
  useEffect(() => {
    let current = true
    if (ready)
      void body
        .slice(0, SHOWN_LIMIT)
        .text()
        .then((read) => {
          if (current) setText(read)
        })
    return () => {
      current = false
    }
  }, [ready, run])
  return text
}

function useImage(run: Run): string | undefined {
  const [image, setImage] = useState<string>()
  const ready = !run.busy && /^image\/(png|jpeg|gif|webp|avif)/.test(run.mediaType)
  useEffect(() => {
    const { body } = run
    if (!ready || body === undefined) return undefined
    const url = URL.createObjectURL(body)
    setImage(url)
    return () => URL.revokeObjectURL(url)
  }, [ready, run])
  return image
}

function Progress({ run }: { readonly run: Run }) {
  const { length, elapsed } = run
  const rate = run.bytes / Math.max(0.001, (elapsed - (run.headAt ?? 0)) / 1000)
  return (
    <div class="transfer">
      <label>
        <span>
          Received <b>{bytes(run.bytes)}</b>
          {length !== undefined && ` of ${bytes(length)}`}
        </span>
        <progress
          class="download"
          value={length === undefined ? undefined : length === 0 ? 1 : run.bytes / length}
        />
      </label>
      <span class="muted">{rate > 1024 ? `${bytes(rate)}/s` : `${perSecond(rate)} B/s`}</span>
    </div>
  )
}

function Save({ run }: { readonly run: Run }) {
  const { body } = run
  if (body === undefined)
    return (
      <p class="hint">
        More than {bytes(BODY_LIMIT)} came, so it was measured and not kept. Save it with curl (“Copy as” has
        the line).
      </p>
    )
  const name = run.request.url.split(/[?#]/)[0]?.split('/').at(-1) || 'body'
  return (
    <div class="tools">
      <button type="button" onClick={() => saveAs(body, name)}>
        Save
      </button>
    </div>
  )
}
