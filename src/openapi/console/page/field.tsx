/** One input, of the kind that its schema asks for. */
import type { Parameter } from './document.ts'
import { fieldKey } from './request.ts'
import { asList, describeType, kindOf, plain, type Resolve } from './schema.ts'

interface FieldProps {
  readonly name: string
  readonly id: string
  readonly schema: unknown
  readonly resolve: Resolve
  readonly required: boolean
  readonly deprecated?: boolean
  readonly description?: string | undefined
  readonly value: string
  readonly files?: readonly File[]
  readonly problem?: string | undefined
  readonly onValue: (value: string) => void
  readonly onFiles?: (files: readonly File[]) => void
}

/** A field with its label, what is expected of it, and what is wrong with it. */
export function Field(props: FieldProps) {
  const { name, id, schema, resolve, required, deprecated, description, problem } = props
  const type = describeType(schema, resolve)
  return (
    <div class="field">
      <label for={id}>
        <span class={deprecated ? 'name deprecated' : 'name'}>{name}</span>
        {required && (
          <span class="required" title="required">
            {' '}
            required
          </span>
        )}
        <span class="type">{type}</span>
      </label>
      <Input {...props} />
      {problem !== undefined && (
        <p class="problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
      {description !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {description}
        </p>
      )}
    </div>
  )
}

function Input(props: FieldProps) {
  const { id, schema, resolve, required, description, problem, value, onValue, onFiles } = props
  const own = plain(schema, resolve)
  const kind = kindOf(schema, resolve)
  const described = [problem && `${id}-problem`, description && `${id}-hint`].filter(Boolean).join(' ')
  const common = {
    id,
    'aria-describedby': described || undefined,
    'aria-invalid': problem === undefined ? undefined : true,
    'aria-required': required,
  }
  const onInput = (event: { currentTarget: { value: string } }) => onValue(event.currentTarget.value)
  if (kind === 'enum' || kind === 'boolean') {
    const options = kind === 'boolean' ? ['true', 'false'] : asList(own['enum']).map(String)
    return (
      <select {...common} value={value} onChange={onInput}>
        <option value="">{required ? 'Choose…' : 'not sent'}</option>
        {options.map((option) => (
          <option value={option}>{option}</option>
        ))}
      </select>
    )
  }
  if (kind === 'file')
    return (
      <input
        {...common}
        type="file"
        multiple={own['type'] === 'array'}
        onChange={({ currentTarget }) => onFiles?.([...(currentTarget.files ?? [])])}
      />
    )
  if (kind === 'list' || kind === 'json')
    return (
      <textarea
        {...common}
        rows={2}
        spellcheck={false}
        value={value}
        placeholder={kind === 'list' ? 'one per line' : '{}'}
        onInput={onInput}
      />
    )
  if (kind === 'number' || kind === 'integer')
    return (
      <input
        {...common}
        type="number"
        inputMode={kind === 'integer' ? 'numeric' : 'decimal'}
        min={bound(own['minimum'])}
        max={bound(own['maximum'])}
        step={kind === 'integer' ? 1 : 'any'}
        value={value}
        onInput={onInput}
      />
    )
  if (kind === 'date') return <input {...common} type="date" value={value} onInput={onInput} />
  if (kind === 'date-time')
    return <input {...common} type="datetime-local" step={1} value={toLocal(value)} onInput={onInput} />
  return (
    <input {...common} type="text" value={value} autocomplete="off" spellcheck={false} onInput={onInput} />
  )
}

/** An instant as the input for local time takes it; what it gave itself stays as it is. */
function toLocal(value: string): string {
  if (!/(Z|[+-]\d\d:\d\d)$/.test(value)) return value
  const date = new Date(value)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
}

const bound = (value: unknown) =>
  typeof value === 'number' && Math.abs(value) < 2 ** 53 - 1 ? value : undefined

/** The field of a parameter. */
export function ParameterField({
  parameter,
  resolve,
  value,
  problem,
  onValue,
}: {
  readonly parameter: Parameter
  readonly resolve: Resolve
  readonly value: string
  readonly problem: string | undefined
  readonly onValue: (value: string) => void
}) {
  return (
    <Field
      {...parameter}
      id={`field-${fieldKey(parameter)}`}
      resolve={resolve}
      value={value}
      problem={problem}
      onValue={onValue}
    />
  )
}
