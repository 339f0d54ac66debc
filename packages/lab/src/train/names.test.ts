import { describe, expect, it } from 'vitest'
import { matchesName } from './names.ts'

describe('matchesName', () => {
  it.each([
    ['fc.weight', 'fc', true],
    ['head.fc.weight', 'fc', true],
    ['head.fc.weight', 'head.fc', true],
    ['head.fc.weight', 'fc.weight', true],
    ['head.fc.bias', 'fc.weight', false],
    ['stages.0.fc1.weight', 'fc', false],
    ['stages.0.fc1.weight', 'fc*', true],
    ['layer1.0.conv1.gain', 'gain', true],
    ['layer1.0.conv1.gain', 'layer*.0', true],
    ['layer1.0.conv1.gain', 'layer*.conv1', false],
    ['layer1.0.bias2a', '*bias*', true],
    ['layer1.0.conv1', 'layer1.0.conv1.gain', false],
    ['a.weight', '*', true],
    ['axb', 'a.b', false],
    ['a+b.weight', 'a+b', true],
  ])('%s for %s: %s', (name, pattern, expected) => {
    expect(matchesName(name, pattern)).toBe(expected)
  })
})
