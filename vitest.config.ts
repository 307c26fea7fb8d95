import { defineConfig } from 'vitest/config'

const isCi = process.env['CI'] !== undefined

/** What measures latency, the time of one turn, or all that is left open. */
const ALONE = [
  'test/{siege,linear,fuzz}/**/*.test.ts',
  'test/promise/fairness.test.ts',
  'test/transports/{fairness,same-turn}.test.ts',
]
/** What measures memory, or opens thousands of connections: two of them, each with a core of its own. */
const PAIRED = [
  'test/shutdown/**/*.test.ts',
  'test/promise/!(fairness).test.ts',
  'test/transports/{desync,session,session-budget}.test.ts',
]
const NONE = '**/node_modules/**'

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A shared machine may stop for a second in the middle of a measurement; a real failure fails twice.
    retry: isCi ? 1 : 0,
    reporters: isCi ? ['default', './scripts/ci-reporter.ts'] : ['default'],
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: [...ALONE, ...PAIRED, NONE],
          // Many wait for a timer or a browser.
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'paired',
          include: PAIRED,
          exclude: [NONE],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: ALONE,
          exclude: [NONE],
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
