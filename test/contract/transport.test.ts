import { bodyBehaviours } from './body-behaviours.ts'
import { codingBehaviours } from './coding-behaviours.ts'
import { crashBehaviours } from './crash-behaviours.ts'
import { dependencyBehaviours } from './dependency-behaviours.ts'
import { disconnectBehaviours } from './disconnect-behaviours.ts'
import { endingBehaviours } from './ending-behaviours.ts'
import { fileBehaviours } from './file-behaviours.ts'
import { hostileBehaviours } from './hostile-behaviours.ts'
import { inputBehaviours } from './input-behaviours.ts'
import { lifetimeBehaviours } from './lifetime-behaviours.ts'
import { cleartextHttp2Link, tlsHttp1Link, tlsHttp2Link } from './http2-link.ts'
import { type Connect, fetchLink, memoryLink, nodeLink } from './link.ts'
import { middlewareBehaviours } from './middleware-behaviours.ts'
import { pressureBehaviours } from './pressure-behaviours.ts'
import { replyBehaviours } from './reply-behaviours.ts'
import { resumableBehaviours } from './resumable-behaviours.ts'
import { routingBehaviours } from './routing-behaviours.ts'
import { securityBehaviours } from './security-behaviours.ts'
import { streamBehaviours } from './stream-behaviours.ts'
import { throttleBehaviours } from './throttle-behaviours.ts'
import { type Skip, transportContract } from './transport.ts'
import { uploadBehaviours } from './upload-behaviours.ts'

const behaviours = [
  ...replyBehaviours,
  ...inputBehaviours,
  ...bodyBehaviours,
  ...uploadBehaviours,
  ...codingBehaviours,
  ...resumableBehaviours,
  ...streamBehaviours,
  ...endingBehaviours,
  ...routingBehaviours,
  ...dependencyBehaviours,
  ...securityBehaviours,
  ...lifetimeBehaviours,
  ...disconnectBehaviours,
  ...middlewareBehaviours,
  ...pressureBehaviours,
  ...hostileBehaviours,
  ...crashBehaviours,
  ...fileBehaviours,
  ...throttleBehaviours,
]

const HTTP2_SKIPS: readonly Skip[] = [
  {
    names: ['a Host that is none harms no mount'],
    reason:
      "Node's HTTP/2 resets a stream with a malformed authority by itself (PROTOCOL_ERROR); no app sees it",
  },
]

const WEB_SKIPS: readonly Skip[] = process.version.startsWith('v20.')
  ? [
      {
        names: ['coded bodies: more behind the end of deflate is a 400'],
        reason: 'the DecompressionStream of Node 20 takes no notice of it; those of Node 22 and later do',
      },
    ]
  : []

const LINKS: readonly (readonly [string, Connect, readonly Skip[]])[] = [
  ['Node HTTP/1.1', nodeLink, []],
  ['Node HTTP/1.1 over TLS', tlsHttp1Link, []],
  ['Node HTTP/2', cleartextHttp2Link, HTTP2_SKIPS],
  ['Node HTTP/2 over TLS', tlsHttp2Link, HTTP2_SKIPS],
  ['fetch', fetchLink, WEB_SKIPS],
  ['memory', memoryLink, WEB_SKIPS],
]

for (const [name, connect, skips] of LINKS) transportContract(name, behaviours, connect, skips)
