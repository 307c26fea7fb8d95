import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Real servers and browsers share two cores with the tests.
    maxWorkers: 2,
    reporters: process.env['CI'] === undefined ? ['default'] : ['default', './scripts/ci-reporter.ts'],
  },
})
