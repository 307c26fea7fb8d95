import { defineConfig } from 'vitest/config'

const isCi = process.env['CI'] !== undefined

/** What measures nothing shares the machine. */
const TOGETHER = [
  'wire',
  'core',
  'types',
  'docs',
  'channels',
  'stream',
  'openapi',
  'client',
  'static',
  'file',
  'format',
  'websocket',
  'testing',
  'upload',
  'timeout',
].map((folder) => `test/${folder}/**/*.test.ts`)

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
          include: TOGETHER,
          exclude: ['**/node_modules/**'],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          // Many tests measure: memory, latency, what is left after ten thousand clients.
          name: 'alone',
          include: ['test/**/*.test.ts'],
          exclude: [...TOGETHER, '**/node_modules/**'],
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
