import { describe, expect, it } from 'vitest'
import { countTests } from '../../scripts/test.mjs'

describe('countTests', () => {
  it('counts files that do not load, and crashes, as failures', () => {
    const loaded = { status: 'failed', assertionResults: [{}] }
    const broken = { status: 'failed', assertionResults: [] }
    const counts = { numPassedTests: 3, numFailedTests: 1, numPendingTests: 1, numTodoTests: 1 }
    expect(countTests({ ...counts, testResults: [loaded, broken] }, 1)).toEqual({
      passed: 3,
      failed: 2,
      skipped: 2,
    })
    const clean = { ...counts, numFailedTests: 0, testResults: [] }
    expect(countTests(clean, 1).failed).toBe(1)
    expect(countTests(clean, 0).failed).toBe(0)
    expect(countTests(undefined, null).failed).toBe(1)
  })
})
