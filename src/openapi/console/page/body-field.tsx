/** The editor of a request body: JSON with its example, a form, a file, or plain text. */
import { Field } from './field.tsx'
import { pretty } from './json-view.tsx'
import type { HttpOperation } from './document.ts'
import { formFields, type FormValues, isForm, isJson, isJsonLines, isText } from './request.ts'
import { asList, plain } from './schema.ts'

interface BodyProps {
  readonly operation: HttpOperation
  readonly values: FormValues
  readonly problem: string | undefined
  readonly onChange: (change: Partial<FormValues>) => void
  /** The example for a media type. */
  readonly exampleFor: (mediaType: string) => string
}

export function BodyField(props: BodyProps) {
  const { operation, values, onChange, exampleFor } = props
  const content = operation.bodies.find(({ mediaType }) => mediaType === values.bodyType)
  if (content === undefined) return null
  const { mediaType } = content
  return (
    <fieldset class="body">
      <legend>
        Body
        {operation.bodies.length === 1 ? (
          <code>{mediaType}</code>
        ) : (
          <select
            aria-label="Media type of the body"
            value={mediaType}
            onChange={({ currentTarget: { value } }) =>
              onChange({ bodyType: value, bodyText: exampleFor(value) })
            }
          >
            {operation.bodies.map((each) => (
              <option value={each.mediaType}>{each.mediaType}</option>
            ))}
          </select>
        )}
      </legend>
      {isForm(mediaType) ? (
        <FormFields {...props} content={content} />
      ) : (
        <RawBody {...props} mediaType={mediaType} />
      )}
    </fieldset>
  )
}

function FormFields({
  operation,
  values,
  onChange,
  content,
}: BodyProps & { readonly content: HttpOperation['bodies'][number] }) {
  const { resolve } = operation
  const required = asList(plain(content.schema, resolve)['required'])
  return (
    <>
      {formFields(content, resolve).map(([name, schema]) => (
        <Field
          name={name}
          id={`field-body.${name}`}
          schema={schema}
          resolve={resolve}
          required={required.includes(name)}
          description={plain(schema, resolve)['description'] as string | undefined}
          value={values.fields[name] ?? ''}
          files={values.files[name] ?? []}
          onValue={(value) => onChange({ fields: { ...values.fields, [name]: value } })}
          onFiles={(files) => onChange({ files: { ...values.files, [name]: files } })}
        />
      ))}
    </>
  )
}

function RawBody({
  values,
  problem,
  onChange,
  mediaType,
  exampleFor,
}: BodyProps & { readonly mediaType: string }) {
  const json = isJson(mediaType)
  const isTextual = json || isJsonLines(mediaType) || isText(mediaType)
  const [file] = values.files[''] ?? []
  return (
    <>
      {isTextual && (
        <>
          <textarea
            class="editor"
            aria-label="Body"
            aria-invalid={problem === undefined ? undefined : true}
            aria-describedby={problem === undefined ? undefined : 'body-problem'}
            rows={Math.min(18, Math.max(5, values.bodyText.split('\n').length + 1))}
            spellcheck={false}
            value={values.bodyText}
            onInput={({ currentTarget: { value } }) => onChange({ bodyText: value })}
          />
          <div class="tools">
            {json && (
              <button
                type="button"
                class="quiet"
                onClick={() => onChange({ bodyText: pretty(values.bodyText) })}
              >
                Format
              </button>
            )}
            <button type="button" class="quiet" onClick={() => onChange({ bodyText: exampleFor(mediaType) })}>
              Example
            </button>
            {isJsonLines(mediaType) && <span class="hint">One JSON value per line.</span>}
          </div>
        </>
      )}
      {problem !== undefined && (
        <p class="problem" id="body-problem">
          {problem}
        </p>
      )}
      {!json && (
        <label class="field">
          <span class="name">{isTextual ? 'or a file' : 'File'}</span>
          <input
            type="file"
            id="field-body-file"
            onChange={({ currentTarget }) =>
              onChange({ files: { ...values.files, '': [...(currentTarget.files ?? [])] } })
            }
          />
          {file !== undefined && isTextual && <span class="hint">The file is sent, not the text.</span>}
        </label>
      )}
    </>
  )
}
