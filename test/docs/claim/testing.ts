import type { App } from 'millrace'
import { connect } from 'millrace/testing'
import { expect } from 'vitest'
import type { Claims } from '../program.ts'

/** These programs assert for themselves: one that is wrong throws when it is imported. */
const assertsItself = () => {}

export const claims: Claims = {
  async 'ticker.ts'({ exports }) {
    const app = (exports['createTicker'] as () => App)()
    await using connection = connect(app)
    const reply = await connection.request('GET', '/ticks')
    expect(await reply.next()).toMatch(/^{"n":0/)
  },
  'request.ts': assertsItself,
  'stream.ts': assertsItself,
  'items.ts': assertsItself,
  'truncated.ts': assertsItself,
  'override.ts': assertsItself,
  'clock.ts': assertsItself,
  'every-disconnect-point.ts': assertsItself,
  'sockets.ts': assertsItself,
}
