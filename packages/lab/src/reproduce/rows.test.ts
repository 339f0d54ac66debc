import { describe, expect, it } from 'vitest'
import { type ClaimRow, verdictOf } from './claim.ts'
import { atLeast, atMost, between, digits, equals, measuredText, near } from './rows.ts'

const verdict = (...rows: ClaimRow[]) => verdictOf({ rows })

describe('near', () => {
  it('holds within a share of what is expected, whatever its sign', () => {
    expect(near('x', 'theory', 1.04, 1, { relative: 0.05 }).holds).toBe(true)
    expect(near('x', 'theory', 1.06, 1, { relative: 0.05 }).holds).toBe(false)
    expect(near('x', 'theory', -0.96, -1, { relative: 0.05 }).holds).toBe(true)
  })

  it('compares lists place by place, or all with one number', () => {
    expect(near('x', 'run', [1, 2.05], [1, 2], { absolute: 0.1 }).holds).toBe(true)
    expect(near('x', 'run', [2.05, 1], [1, 2], { absolute: 0.1 }).holds).toBe(false)
    expect(near('x', 'run', [1, 1.2], 1, { absolute: 0.1 }).holds).toBe(false)
  })

  it('says what is expected with its tolerance', () => {
    expect(near('x', 'run', 1, [0.5, 2], { relative: 0.05 }).expected).toBe('0.5, 2 ± 5%')
    expect(near('x', 'run', 1, 1, { absolute: 1e-9 }).expected).toBe('1 ± 1e-9')
  })
})

describe('rows', () => {
  it('never hold for what is not a number', () => {
    const none = Number.NaN
    expect(near('x', 'run', none, 1, { relative: 1 }).holds).toBe(false)
    expect(between('x', 'run', [1, none], 0, 2).holds).toBe(false)
    expect(atMost('x', 'run', none, 1).holds).toBe(false)
    expect(atLeast('x', 'run', none, 1).holds).toBe(false)
  })

  it('compare exactly where nothing may differ', () => {
    expect(equals('x', 'code', [1, 2], [1, 2]).holds).toBe(true)
    expect(equals('x', 'code', [1, 2], [1, 3]).holds).toBe(false)
    expect(equals('x', 'paper', 'sum(x)', 'sum(y)').holds).toBe(false)
  })
})

describe('verdictOf', () => {
  const [good, bad] = [atMost('x', 'paper', 1, 2), atMost('x', 'paper', 3, 2)]

  it('fails a claim by one row', () => {
    expect(verdict(good, good)).toBe('reproduced')
    expect(verdict(good, bad)).toBe('failed')
  })

  it('tells a slip of the document apart, but not from a failure', () => {
    expect(verdictOf({ rows: [good], slip: 'a misprint' })).toBe('slip')
    expect(verdictOf({ rows: [bad], slip: 'a misprint' })).toBe('failed')
  })
})

describe('digits', () => {
  it('keeps five of them, integers in full and exponents where they read better', () => {
    expect([0.6816901, 51.02449, 25_557_048, 1.94e-4, 3.14159e31, 0].map(digits)).toEqual([
      '0.68169',
      '51.024',
      '25,557,048',
      '1.94e-4',
      '3.1416e+31',
      '0',
    ])
    expect(measuredText([0.5, 2])).toBe('0.5, 2')
  })
})
