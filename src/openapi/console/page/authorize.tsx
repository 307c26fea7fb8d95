/** What proves who asks, by security scheme. Kept for this tab only. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Credentials } from './request.ts'
import type { SecurityScheme } from './security-scheme.ts'

interface AuthorizeProps {
  readonly schemes: readonly SecurityScheme[]
  readonly credentials: Credentials
  readonly root: string
  readonly onCredentials: (credentials: Credentials) => void
}

export function Authorize({ schemes, credentials, root, onCredentials }: AuthorizeProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const known = schemes.filter(({ name }) => (credentials[name] ?? '') !== '').length
  if (schemes.length === 0) return null
  return (
    <>
      <button type="button" class="authorize" onClick={() => dialog.current?.showModal()}>
        {known === 0 ? 'Authorise' : `Authorised: ${known} of ${schemes.length}`}
      </button>
      <dialog ref={dialog} aria-labelledby="authorize-title">
        <header>
          <h2 id="authorize-title">Authorise</h2>
          <button type="button" class="quiet" aria-label="Close" onClick={() => dialog.current?.close()}>
            ✕
          </button>
        </header>
        {schemes.map((scheme) => (
          <Scheme
            key={scheme.name}
            scheme={scheme}
            root={root}
            value={credentials[scheme.name] ?? ''}
            onValue={(value) => onCredentials({ ...credentials, [scheme.name]: value })}
          />
        ))}
        <p class="hint">Kept until this tab is closed, and sent only with operations that ask for it.</p>
        <div class="tools">
          <button type="button" class="quiet" disabled={known === 0} onClick={() => onCredentials({})}>
            Forget all
          </button>
          <button type="button" class="primary" onClick={() => dialog.current?.close()}>
            Done
          </button>
        </div>
      </dialog>
    </>
  )
}

interface SchemeProps {
  readonly scheme: SecurityScheme
  readonly root: string
  readonly value: string
  readonly onValue: (value: string) => void
}

function Scheme(props: SchemeProps) {
  const { scheme, value, onValue } = props
  const id = `scheme-${scheme.name}`
  return (
    <form class="scheme" aria-labelledby={`${id}-title`} onSubmit={(event) => event.preventDefault()}>
      <h3 id={`${id}-title`}>
        {scheme.name} <span class="type">{kindName(scheme)}</span>
      </h3>
      {scheme.description !== undefined && <p class="hint">{scheme.description}</p>}
      {scheme.scheme === 'basic' ? (
        <Basic value={value} onValue={onValue} id={id} />
      ) : (
        <div class="field">
          <label for={id}>
            <span class="name">{scheme.type === 'apiKey' ? scheme.key : 'token'}</span>
          </label>
          <input
            id={id}
            type="password"
            autocomplete="off"
            value={value}
            onInput={({ currentTarget }) => onValue(currentTarget.value.trim())}
          />
        </div>
      )}
      <TokenRequest {...props} />
      <SignIn {...props} />
    </form>
  )
}

function kindName({ type, scheme, in: place }: SecurityScheme): string {
  if (type === 'apiKey') return `key in the ${place}`
  if (type === 'oauth2') return 'OAuth 2'
  if (type === 'openIdConnect') return 'OpenID Connect'
  return scheme === 'basic' ? 'name and password' : `${scheme} token`
}

function Basic({ id, value, onValue }: { id: string; value: string; onValue: (value: string) => void }) {
  const colon = value.indexOf(':')
  const [name, password] = colon === -1 ? [value, ''] : [value.slice(0, colon), value.slice(colon + 1)]
  const put = (first: string, second: string) =>
    onValue(first === '' && second === '' ? '' : `${first}:${second}`)
  return (
    <>
      <div class="field">
        <label for={id}>
          <span class="name">name</span>
        </label>
        {/* A name cannot hold a colon (RFC 7617). */}
        <input
          id={id}
          autocomplete="off"
          value={name}
          onInput={({ currentTarget }) => put(currentTarget.value.replaceAll(':', ''), password)}
        />
      </div>
      <div class="field">
        <label for={`${id}-password`}>
          <span class="name">password</span>
        </label>
        <input
          id={`${id}-password`}
          type="password"
          autocomplete="off"
          value={password}
          onInput={({ currentTarget }) => put(name, currentTarget.value)}
        />
      </div>
    </>
  )
}

/** Where a token comes from when somebody has to sign in. Only who runs the client may take part in that. */
function SignIn({ scheme, root }: SchemeProps) {
  const { signInUrl, scopes, type } = scheme
  if (signInUrl === undefined) return null
  const target = new URL(signInUrl, root)
  // A document may say anything; a link may not.
  if (!/^https?:$/.test(target.protocol)) return null
  return (
    <p class="hint">
      This page does not sign in for you. Get an access token with a client of your own
      {scopes.length > 0 && ` (scopes: ${[...new Set(scopes)].join(', ')})`}, and paste it above.{' '}
      {type === 'openIdConnect' ? 'How is described' : 'People sign in'} at{' '}
      <a href={target.href} target="_blank" rel="noopener noreferrer">
        {target.host + target.pathname}
      </a>
      .
    </p>
  )
}

/** Gets a token from this server, for the flows that need no second page (RFC 6749 sections 4.3 and 4.4). */
function TokenRequest({ scheme, root, onValue }: SchemeProps) {
  const [name, setName] = useState('')
  const [secret, setSecret] = useState('')
  const [said, setSaid] = useState('')
  useEffect(() => setSaid(''), [name, secret])
  const url = scheme.passwordUrl ?? scheme.clientUrl
  if (url === undefined) return null
  const target = new URL(url.replace(/^\//, ''), root)
  if (target.origin !== location.origin)
    return <p class="hint">Get the token from {target.host}: this page may not ask another server.</p>
  const ask = async () => {
    const grant: Record<string, string> =
      scheme.passwordUrl === undefined
        ? { grant_type: 'client_credentials', client_id: name, client_secret: secret }
        : { grant_type: 'password', username: name, password: secret }
    if (scheme.scopes.length > 0) grant['scope'] = [...new Set(scheme.scopes)].join(' ')
    try {
      const response = await fetch(target, { method: 'POST', body: new URLSearchParams(grant) })
      const reply = (await response.json()) as { access_token?: string; error?: string; detail?: string }
      if (typeof reply.access_token === 'string') onValue(reply.access_token)
      setSaid(
        reply.access_token === undefined
          ? `${response.status}: ${reply.error ?? reply.detail ?? 'no token'}`
          : 'Got a token.',
      )
    } catch (error) {
      setSaid(`No token: ${(error as Error).message}`)
    }
  }
  const id = `token-${scheme.name}`
  return (
    <details>
      <summary>Get one from {target.pathname}</summary>
      <div class="field">
        <label for={`${id}-name`}>
          <span class="name">{scheme.passwordUrl === undefined ? 'client id' : 'name'}</span>
        </label>
        <input
          id={`${id}-name`}
          autocomplete="off"
          value={name}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </div>
      <div class="field">
        <label for={`${id}-secret`}>
          <span class="name">{scheme.passwordUrl === undefined ? 'client secret' : 'password'}</span>
        </label>
        <input
          id={`${id}-secret`}
          type="password"
          autocomplete="off"
          value={secret}
          onInput={({ currentTarget }) => setSecret(currentTarget.value)}
        />
      </div>
      <div class="tools">
        <button type="button" onClick={() => void ask()}>
          Get a token
        </button>
        <span role="status">{said}</span>
      </div>
    </details>
  )
}
