/** Other people's judgement of a document: the linter of Redocly, and the official schemas. */
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { Validator } from '@seriousme/openapi-schema-validator'

/** Rules of the recommended set that say nothing of a document that an app of ours makes. */
const NOT_OURS = {
  // Whether an API has a licence is its author's affair: `openapi: { license }`.
  'info-license': 'off',
  // AsyncAPI has no way to say that an operation needs none.
  'security-defined': 'off',
} as const

/** What `redocly lint` says, one line for each finding, warnings too. */
export async function lint(document: object): Promise<string[]> {
  const isAsync = 'asyncapi' in document
  const rules = isAsync ? NOT_OURS : { 'info-license': NOT_OURS['info-license'] }
  const config = await createConfig({ extends: ['recommended'], rules })
  const found = await lintFromString({
    source: JSON.stringify(document),
    config,
    absoluteRef: isAsync ? '/asyncapi.json' : '/openapi.json',
  })
  return found.map(
    ({ severity, ruleId, message, location }) =>
      `${severity} ${ruleId} at ${location[0]?.pointer ?? '?'}: ${message}`,
  )
}

/** What the official schema of its version refuses; nothing when it is valid. */
export async function refusals(document: object): Promise<unknown> {
  const { valid, errors } = await new Validator().validate(
    structuredClone(document) as Record<string, unknown>,
  )
  return valid ? undefined : errors
}
