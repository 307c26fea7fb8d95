/** What is asked, and the options that change an answer. */

/**
 * @typedef {object} Question
 * @property {string} id
 * @property {string} title of its row
 * @property {string} expected what the contract asks for
 */

/** @type {Question[]} */
export const questions = [
  { id: 'late', title: 'Fails after 3 chunks', expected: 'a cut: the chunked body has no last chunk' },
  {
    id: 'early',
    title: 'Fails before the first chunk',
    expected: '500 for a plain error, 403 for one that says so',
  },
  {
    id: 'wait',
    title: 'Client leaves during the own wait: `finally` after',
    expected:
      'within 1 s. Own waits: `ctx.sleep` (millrace), `out.sleep` (Hono), `asyncio.sleep` (FastAPI); the others have none: a plain promise',
  },
  {
    id: 'waitPlain',
    title: 'The same, a plain promise',
    expected: 'within 1 s. In JavaScript nobody can: `return()` waits for the promise',
  },
  {
    id: 'waitSignal',
    title: 'The same, a wait that takes the signal',
    expected: 'within 1 s. The signal of the request; Express has none, so one made by hand in `close`',
  },
  {
    id: 'left',
    title: 'Client leaves during a blocked write: `finally` after',
    expected: 'within 1 s, and nothing more is made',
  },
  {
    id: 'made',
    title: 'Made for a reader that takes nothing, 2 s',
    expected: 'a bound. About 4 MiB of it are the kernel’s buffers',
  },
  {
    id: 'ping',
    title: 'p99 of `/ping` beside a generator that never waits',
    expected: 'at most 250 ms, since a loaded machine adds up to 100',
  },
  {
    id: 'terminate',
    title: 'SIGTERM with one open stream',
    expected: 'the process ends by itself within 3 s, and the generator hears of it before it is cut',
  },
  { id: 'guarded', title: '403 in front of the handler', expected: '403' },
  {
    id: 'compressed',
    title: 'First item of a slow stream, gzip',
    expected: 'within 100 ms',
  },
]

/**
 * Documented options, and other idioms, that change a result.
 * `asks` are probes in probe.mjs; what is asked is named in the row.
 * @type {{ framework: string, variant: string, option: string, asks: string[] }[]}
 */
export const variants = [
  { framework: 'millrace', variant: 'jsonl', option: '`streams: jsonl()`', asks: ['late'] },
  { framework: 'millrace', variant: 'sse', option: '`streams: sse()`', asks: ['late', 'terminate'] },
  { framework: 'fastify', variant: 'force', option: '`forceCloseConnections: true`', asks: ['terminate'] },
  {
    framework: '@fastify/sse',
    variant: 'catch',
    option: 'catch and send an `error` event, as its README shows',
    asks: ['late'],
  },
  {
    framework: 'hono',
    variant: 'web-stream',
    option: '`c.body(ReadableStream.from(generator))`, not the helper',
    asks: ['late', 'early', 'left'],
  },
  {
    framework: 'hono',
    variant: 'compress-stream',
    option: '`stream()` with a content type, not `streamText()`',
    asks: ['compressed'],
  },
  {
    framework: 'h3',
    variant: 'short',
    option: '`gracefulShutdown: { gracefulTimeout: 1 }`',
    asks: ['terminate'],
  },
  {
    framework: 'express',
    variant: 'loop',
    option: '`for await` with `write` and `once(res, "drain")`, not `pipeline`',
    asks: ['late', 'early', 'left'],
  },
  {
    framework: 'express',
    variant: 'compress-flush',
    option: 'that loop with `res.flush()`, as the README of compression shows',
    asks: ['compressed'],
  },
  {
    framework: 'express',
    variant: 'force',
    option: '`server.closeAllConnections()` after `close()`',
    asks: ['terminate'],
  },
]
