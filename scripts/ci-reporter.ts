import type { Reporter, TestModule } from 'vitest/node'

/** Prints every skipped test with its reason, and the plain closing line that CI reads. */
export default class CiReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 }
    for (const module of modules) {
      if (module.state() === 'failed' && [...module.children.allTests()].length === 0) counts.failed++
      for (const test of module.children.allTests()) {
        const result = test.result()
        counts[result.state]++
        if (result.state === 'skipped')
          console.log(`skipped: ${test.fullName}: ${result.note ?? 'no reason given'}`)
      }
    }
    const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`
    console.log(`${counts.passed} passed, ${counts.failed + counts.pending} failed${skipped}`)
  }
}
