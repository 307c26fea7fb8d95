import { defineConfig } from 'vitest/config'

const isCi = process.env['CI'] !== undefined

/** What measures memory, latency or the time of one turn; everything else shares the machine. */
const ALONE = [
  'test/{siege,fuzz,linear,promise,shutdown}/**/*.test.ts',
  'test/transports/{desync,fairness,same-turn,session,session-budget}.test.ts',
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
          exclude: [...ALONE, NONE],
          // Many wait for a timer or a browser.
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: ALONE,
          exclude: [NONE],
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
