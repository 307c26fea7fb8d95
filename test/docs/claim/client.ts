import { expect } from 'vitest'
import type { Claims } from '../program.ts'

/** These programs assert for themselves: one that is wrong throws when it is imported. */
const assertsItself = () => {}

export const claims: Claims = {
  'server.ts': assertsItself,
  'call.ts': assertsItself,
  'errors.ts': assertsItself,
  'hooks.ts': assertsItself,
  'chat.ts'({ output }) {
    expect(output).toEqual(['{"x":2,"y":1}'])
  },
}
