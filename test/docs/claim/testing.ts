import type { App } from 'millrace'
import { connect } from 'millrace/testing'
import { expect } from 'vitest'
import type { Claims } from '../program.ts'

/** These programs assert for themselves: one that is wrong throws when it is imported. */
const assertsItself = () => {}

export const claims: Claims = {
  async 'ticker.ts'({ exports }) {
    const app = (exports['createTicker'] as () => App)()
    const reply = await connect(app).request('GET', '/ticks')
    expect(await reply.next()).toMatch(/^{"n":0/)
    reply.disconnect()
  },
  'request.ts': assertsItself,
  'stream.ts': assertsItself,
  'override.ts': assertsItself,
  'clock.ts': assertsItself,
}
