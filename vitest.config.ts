import { defineConfig } from 'vitest/config'

const isCi = process.env['CI'] !== undefined

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Many tests measure: memory, latency, what is left after ten thousand clients. They need the machine to themselves.
    fileParallelism: false,
    // A shared machine may stop for a second in the middle of a measurement; a real failure fails twice.
    retry: isCi ? 1 : 0,
    reporters: isCi ? ['default', './scripts/ci-reporter.ts'] : ['default'],
  },
})
