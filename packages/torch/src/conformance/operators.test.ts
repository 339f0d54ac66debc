// Operators against values that PyTorch itself made: conformance/operators.py says how. Each case in
// each of its dtypes, contiguous and not: value, dtype, shape and gradient.
import { describe, expect, it } from 'vitest'
import { grad } from '../autograd.ts'
import { engineInfo } from '../engine.ts'
import { ArgumentError, TorchError } from '../errors.ts'
import { tidy } from '../memory.ts'
import type { Tensor } from '../tensor.ts'
import type { DType } from '../types.ts'
import {
  type Case,
  difference,
  differentiable,
  type Inputs,
  inputsOf,
  lossOf,
  type Output,
  outputsOf,
  type Result,
  readCases,
  recordedVersions,
  strided,
  titleOf,
  transposed,
} from './operators.test.util.ts'

const cases = readCases()

const VIEWS = { contiguous: (x: Tensor) => x, transposed, strided }

function expectRefused(work: () => unknown, what: string): void {
  let error: unknown
  try {
    work()
  } catch (caught) {
    error = caught
  }
  if (!(error instanceof TorchError || error instanceof ArgumentError))
    expect.fail(`${what}: expected to be refused, received ${error ?? 'a result'}`)
}

function expectGradients(
  outputs: unknown[],
  { leaves }: Inputs,
  only: number[] | undefined,
  expected: 'refused' | (Output | null)[],
  what: string,
): void {
  const gradients = () =>
    grad(lossOf(outputs, differentiable(outputs, only)), leaves, { allowUnused: true })
  if (expected === 'refused') {
    expectRefused(gradients, `${what} gradient`)
    return
  }
  const found = gradients()
  for (const [i, recorded] of expected.entries())
    expect(difference(found[i], recorded), `${what}, gradient ${i}`).toBeUndefined()
}

function expectResult(item: Case, inputs: Inputs, expected: Result, what: string): void {
  const run = () => outputsOf(item.op, inputs)
  if (expected === 'refused') {
    expectRefused(run, what)
    return
  }
  const outputs = run()
  expect(outputs, what).toHaveLength(expected.outputs.length)
  for (const [i, recorded] of expected.outputs.entries()) {
    const byValue = item.only?.includes(i) ?? true
    expect(difference(outputs[i], recorded, byValue), `${what}, output ${i}`).toBeUndefined()
  }
  if (expected.grads) expectGradients(outputs, inputs, item.only, expected.grads, what)
  else expect(differentiable(outputs, item.only), `${what}, differentiable`).toEqual([])
}

describe('like PyTorch', () => {
  it.each(cases.map((item): [string, Case] => [titleOf(item), item]))('%s', (_, item) => {
    for (const [dtype, result] of Object.entries(item.results) as [DType, Result][])
      for (const [layout, view] of Object.entries(VIEWS))
        if (item.views !== false || layout === 'contiguous')
          tidy(() => {
            expectResult(item, inputsOf(item, dtype, view), result, `${dtype}, ${layout}`)
          })
  })
})

describe('the cases', () => {
  const operators = (wanted: (item: Case) => boolean) =>
    new Set(cases.filter(wanted).map(({ op }) => op))
  const inSpace = (space: string) => operators(({ op }) => op.startsWith(space)).size

  it('are of more than 600 operators, of every namespace', () => {
    expect(operators(() => true).size).toBeGreaterThan(600)
    expect(operators(({ op }) => !op.includes('.')).size).toBeGreaterThan(450)
    expect(inSpace('nn.functional.')).toBeGreaterThan(60)
    expect(inSpace('linalg.')).toBeGreaterThan(30)
    expect(inSpace('special.')).toBeGreaterThan(45)
  })

  it.each<[DType, number]>([
    ['float64', 500],
    ['float32', 500],
    ['bfloat16', 350],
  ])('have values in %s, and gradients of more than half of those', (dtype, least) => {
    const given = ({ results }: Case) => typeof results[dtype] === 'object'
    const differentiated = (item: Case) =>
      Array.isArray((item.results[dtype] as Exclude<Result, 'refused'>)?.grads)
    const count = operators(given).size
    expect(count).toBeGreaterThan(least)
    expect(operators(differentiated).size).toBeGreaterThan(count / 2)
  })

  it('are recorded for the oldest version, and any other is laid over that', () => {
    expect(recordedVersions()).toContain('1.13')
    const version = engineInfo().version.split('.').slice(0, 2).join('.')
    expect(recordedVersions(), 'conformance/operators.py --base makes it').toContain(version)
  })
})
