/** Every kind of attack there is. */
import type { Attack } from './attack.ts'
import { BODY_ATTACKS } from './body.ts'
import { CONNECTION_ATTACKS } from './connection.ts'
import { HEAD_ATTACKS, PIPELINE_ATTACKS } from './head.ts'
import { HTTP2_ATTACKS } from './http2.ts'
import { WEBSOCKET_ATTACKS } from './websocket.ts'

export const ATTACKS: readonly Attack[] = [
  ...CONNECTION_ATTACKS,
  ...HEAD_ATTACKS,
  ...PIPELINE_ATTACKS,
  ...BODY_ATTACKS,
  ...HTTP2_ATTACKS,
  ...WEBSOCKET_ATTACKS,
]
