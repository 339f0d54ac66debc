// An operator as a method, and in place, against the function of the same name.
import { describe, expect, it } from 'vitest'
import { grad } from '../autograd.ts'
import { tidy } from '../memory.ts'
import { Tensor } from '../tensor.ts'
import { numbers } from '../testing.test.util.ts'
import type { DType } from '../types.ts'
import {
  argumentsOf,
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

const firstDtype = ({ results }: Case) => Object.keys(results)[0] as DType

type Method = (this: Tensor, ...args: unknown[]) => unknown

const prototype = Tensor.prototype as unknown as Record<string, Method>
/** Of no getter. */
const methodOf = (name: string): Method | undefined => {
  for (let at: object = prototype; at !== null; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, name)
    if (found) return found.value as Method | undefined
  }
  return undefined
}

/** Cases of operators of `torch` whose first argument is a tensor. */
const cases = readCases().filter(
  ({ op, args: [first] }) => !op.includes('.') && (first as { $tensor?: unknown } | null)?.$tensor,
)

const shown = (output: unknown) =>
  output instanceof Tensor ? [output.dtype, output.shape, numbers(output)] : output

const call = (method: Method, inputs: Inputs): unknown => {
  const [self, ...rest] = argumentsOf(inputs)
  return method.call(self as Tensor, ...rest)
}

const titled = (list: Case[]) => list.map((item): [string, Case] => [titleOf(item), item])

describe('a method', () => {
  const methods = cases.filter(({ op }) => methodOf(op))

  it.each(titled(methods))('gives what the function gives: %s', (_, item) => {
    tidy(() => {
      const inputs = inputsOf(item, firstDtype(item))
      const outputs = [call(methodOf(item.op) as Method, inputs)].flat(3)
      expect(outputs.map(shown)).toEqual(outputsOf(item.op, inputs).map(shown))
    })
  })

  it('is there for more than 300 of the operators', () => {
    expect(new Set(methods.map(({ op }) => op)).size).toBeGreaterThan(300)
  })
})

/** These change the shape of the tensor itself. */
const RESHAPING = ['t', 'squeeze', 'unsqueeze', 'transpose', 'swapaxes', 'swapdims']

/** In place there is no other dtype and, for most, no other shape. */
function keepsItself({ op }: Case, { args }: Inputs, outputs: unknown[]): boolean {
  const [self, result] = [args[0] as Tensor, outputs[0]]
  if (!(result instanceof Tensor) || outputs.length !== 1 || result.dtype !== self.dtype)
    return false
  return RESHAPING.includes(op) || `${result.shape}` === `${self.shape}`
}

/** The loss's gradients; none where nothing is differentiable. */
function gradientsOf(outputs: unknown[], { leaves }: Inputs): unknown[] {
  const which = differentiable(outputs)
  if (which.length === 0) return []
  return grad(lossOf(outputs, which), leaves, { allowUnused: true }).map(shown)
}

describe('in place', () => {
  const inPlace = cases.filter(({ op }) => methodOf(`${op}_`))
  const compared = new Set<string>()

  it.each(titled(inPlace))('gives what the function gives, in the tensor itself: %s', (_, item) => {
    tidy(() => {
      const inputs = inputsOf(item, firstDtype(item))
      const expected = outputsOf(item.op, inputs)
      if (!keepsItself(item, inputs, expected)) return
      for (const form of [methodOf(`${item.op}_`), functionOf(`${item.op}_`)]) {
        const copy = (inputs.args[0] as Tensor).clone()
        const given = { ...inputs, args: [copy, ...inputs.args.slice(1)] }
        const result =
          form === methodOf(`${item.op}_`)
            ? call(form as Method, given)
            : form?.(...argumentsOf(given))
        expect(result).toBe(copy)
        expect(shown(copy)).toEqual(shown(expected[0]))
        if (typeof item.results.float64 === 'object' && Array.isArray(item.results.float64.grads))
          expect(gradientsOf([copy], inputs)).toEqual(
            gradientsOf(outputsOf(item.op, inputs), inputs),
          )
      }
      compared.add(item.op)
    })
  })

  it('is there for more than 120 of the operators', () => {
    expect(compared.size).toBeGreaterThan(120)
  })
})
