/** A key and a certificate for localhost, made anew for each run, so that none has to be kept or renewed. */
import { execFileSync } from 'node:child_process'

export interface Certificate {
  readonly key: string
  readonly cert: string
}

let made: Certificate | undefined

export function certificate(): Certificate {
  return (made ??= make())
}

function make(): Certificate {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const out = ['-days', '2', '-keyout', '-', '-out', '-']
  const pem = execFileSync('openssl', ['req', '-x509', ...curve, ...names, ...out], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const block = (kind: string) =>
    new RegExp(`-----BEGIN ${kind}-----[^]*?-----END ${kind}-----\n`).exec(pem)![0]
  return { key: block('PRIVATE KEY'), cert: block('CERTIFICATE') }
}
