// An operator as a method, and in place, against the function of the same name.
import { describe, expect, it } from 'vitest'
import { grad, noGrad } from '../autograd.ts'
import { TorchError } from '../errors.ts'
import { tidy } from '../memory.ts'
import { Tensor } from '../tensor.ts'
import { expectClose, numbers } from '../testing.test.util.ts'
import type { DType } from '../types.ts'
import {
  argumentsOf,
  type Callee,
  type Case,
  differentiable,
  functionOf,
  type Inputs,
  inputsOf,
  lossOf,
  outputsOf,
  readCases,
  titleOf,
} from './operators.test.util.ts'

/** A method of Tensor as a function of the tensor; undefined where there is none, or a property. */
function methodOf(name: string): Callee | undefined {
  let at: object | null = Tensor.prototype
  while (at !== null && !Object.hasOwn(at, name)) at = Object.getPrototypeOf(at)
  const method = at && (Object.getOwnPropertyDescriptor(at, name)?.value as Callee | undefined)
  return method ? (self, ...rest) => method.apply(self, rest) : undefined
}

/** Cases that begin with the tensor a method is called on; `where` begins with another. */
const cases = readCases().filter(
  ({ op, args: [first] }) => op !== 'where' && (first as { $tensor?: unknown } | null)?.$tensor,
)
const methods = cases.filter(({ op }) => methodOf(op))

const inputsFor = (item: Case) => inputsOf(item, Object.keys(item.results)[0] as DType)
const titled = (list: Case[]) => list.map((item): [string, Case] => [titleOf(item), item])
const namesOf = (list: Case[]) => new Set(list.map(({ op }) => op))

const shown = (output: unknown) =>
  output instanceof Tensor ? [output.dtype, output.shape, numbers(output)] : output

describe('a method', () => {
  it.each(titled(methods))('gives what the function gives: %s', (_, item) => {
    tidy(() => {
      const inputs = inputsFor(item)
      const outputs = [(methodOf(item.op) as Callee)(...argumentsOf(inputs))].flat(3)
      expect(outputs.map(shown)).toEqual(outputsOf(item.op, inputs).map(shown))
    })
  })

  it('is there for more than 300 of the operators', () => {
    expect(namesOf(methods).size).toBeGreaterThan(300)
  })
})

/** These change the shape of the tensor itself. */
const RESHAPING = ['t', 'squeeze', 'unsqueeze', 'transpose', 'swapaxes', 'swapdims']

/** Whether the result fits into the first input: in place there is no other dtype, nor shape. */
const fitsItself = (item: Case): boolean =>
  tidy(() => {
    const inputs = inputsFor(item)
    const [result, ...more] = outputsOf(item.op, inputs)
    const { dtype, shape } = inputs.args[0] as Tensor
    if (!(result instanceof Tensor) || more.length > 0 || result.dtype !== dtype) return false
    return RESHAPING.includes(item.op) || `${result.shape}` === `${shape}`
  })

/** The loss's gradients for the inputs of `run`; none where LibTorch has no derivative. */
function gradientsOf(inputs: Inputs, run: () => unknown): (Tensor | null)[] {
  try {
    const outputs = [run()]
    const which = differentiable(outputs)
    return which.length > 0
      ? grad(lossOf(outputs, which), inputs.leaves, { allowUnused: true })
      : []
  } catch (error) {
    if (error instanceof TorchError && /derivative|differentiation/.test(error.message)) return []
    throw error
  }
}

describe('in place', () => {
  const inPlace = cases.filter(item => functionOf(`${item.op}_`) && fitsItself(item))

  it.each(titled(inPlace))('gives what the function gives, in the tensor itself: %s', (_, item) => {
    tidy(() => {
      const inputs = inputsFor(item)
      const [expected] = outputsOf(item.op, inputs)
      const slopes = gradientsOf(inputs, () => outputsOf(item.op, inputs)[0])
      for (const form of item.op.includes('.') ? [functionOf] : [methodOf, functionOf]) {
        const work = form(`${item.op}_`) as Callee
        const onCopy = () => {
          const copy = (inputs.args[0] as Tensor).clone()
          const given = { ...inputs, args: [copy, ...inputs.args.slice(1)] }
          expect(work(...argumentsOf(given))).toBe(copy)
          return copy
        }
        expect(shown(noGrad(onCopy))).toEqual(shown(expected))
        const found = gradientsOf(inputs, onCopy)
        for (const [i, slope] of found.entries())
          if (slope) expectClose(slope, numbers(slopes[i] as Tensor), 1e-12)
          else expect(slopes[i]).toBeNull()
      }
    })
  })

  it('is there for more than 120 of the operators', () => {
    expect(namesOf(inPlace).size).toBeGreaterThan(120)
  })
})
