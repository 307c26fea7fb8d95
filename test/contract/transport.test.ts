import { bodyBehaviours } from './body-behaviours.ts'
import { dependencyBehaviours } from './dependency-behaviours.ts'
import { disconnectBehaviours } from './disconnect-behaviours.ts'
import { endingBehaviours } from './ending-behaviours.ts'
import { hostileBehaviours } from './hostile-behaviours.ts'
import { inputBehaviours } from './input-behaviours.ts'
import { lifetimeBehaviours } from './lifetime-behaviours.ts'
import { type Connect, fetchLink, memoryLink, nodeLink } from './link.ts'
import { replyBehaviours } from './reply-behaviours.ts'
import { routingBehaviours } from './routing-behaviours.ts'
import { streamBehaviours } from './stream-behaviours.ts'
import { type Skip, transportContract } from './transport.ts'

const behaviours = [
  ...replyBehaviours,
  ...inputBehaviours,
  ...bodyBehaviours,
  ...streamBehaviours,
  ...endingBehaviours,
  ...routingBehaviours,
  ...dependencyBehaviours,
  ...lifetimeBehaviours,
  ...disconnectBehaviours,
  ...hostileBehaviours,
]

const LINKS: readonly (readonly [string, Connect, readonly Skip[]])[] = [
  ['Node HTTP/1.1', nodeLink, []],
  ['fetch', fetchLink, []],
  [
    'memory',
    memoryLink,
    [
      {
        names: ['disconnect before the first item'],
        reason: 'request() resolves with the head, and gives nothing to disconnect before it',
      },
    ],
  ],
]

for (const [name, connect, skips] of LINKS) transportContract(name, behaviours, connect, skips)
