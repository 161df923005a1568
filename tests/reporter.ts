/** Ends every test run with one plain line, `N passed, N failed`, and says before it what was skipped and why. */

import type { Reporter, TestModule } from 'vitest/node'

export default class PlainReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0
    // a module that could not even be loaded, and an error outside any test, are failures
    let failed = errors.length
    const skipped: string[] = []
    for (const module of modules) {
      const tests = [...module.children.allTests()]
      if (module.errors().length > 0) failed++
      for (const test of tests) {
        const { state } = test.result()
        if (state === 'passed') passed++
        else if (state === 'failed') failed++
        else skipped.push(test.fullName)
      }
    }
    // after the default reporter's own summary
    process.on('exit', () => {
      for (const name of skipped) process.stdout.write(`skipped: ${name}\n`)
      const tail = skipped.length > 0 ? `, ${skipped.length} skipped` : ''
      process.stdout.write(`${passed} passed, ${failed} failed${tail}\n`)
    })
  }
}
