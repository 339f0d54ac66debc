// Gradients of every differentiable case against central differences in float64.
import { describe, expect, it } from 'vitest'
import { tidy } from '../memory.ts'
import { Tensor } from '../tensor.ts'
import { gradcheck } from '../testing.test.util.ts'
import {
  type Case,
  differentiable,
  type Inputs,
  inputsOf,
  lossOf,
  mapTensors,
  outputsOf,
  readCases,
  titleOf,
} from './operators.test.util.ts'

/** Recorded gradients in float64, where there are any. */
function gradientsOf({ results }: Case): unknown[] {
  const result = results.float64
  return typeof result === 'object' && Array.isArray(result.grads) ? result.grads : []
}

const differentiated = readCases().filter(item =>
  gradientsOf(item).some(gradient => gradient !== null),
)
const cases = differentiated.filter(item => item.slopes !== false)

function kindsOf({ args, options }: Case): string[] {
  const kinds: string[] = []
  mapTensors(args, options, (_, kind, __, constant) => {
    if (constant === undefined && !/^(u?int|bool|float)/.test(kind)) kinds.push(kind)
    return null as never
  })
  return kinds
}

/**
 * What a leaf is to the operator: matrices stay symmetric or triangular while an element is moved,
 * since operators on such read one half alone and give gradients to either.
 */
function constrained(x: Tensor, kind: string): Tensor {
  if (kind === 'symmetric' || kind === 'definite') return x.add(x.mT).div(2)
  return kind === 'lower' ? x.tril() : x
}

/** The inputs with other leaves in their places. */
function withLeaves(inputs: Inputs, given: ReadonlyMap<Tensor, Tensor>): Inputs {
  const swap = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(swap)
    return item instanceof Tensor ? (given.get(item) ?? item) : item
  }
  const options = Object.entries(inputs.options).map(([key, value]) => [key, swap(value)])
  return { ...inputs, args: inputs.args.map(swap), options: Object.fromEntries(options) }
}

describe('finite differences', () => {
  it.each(cases.map((item): [string, Case] => [titleOf(item), item]))('%s', (_, item) => {
    tidy(() => {
      const inputs = inputsOf(item, 'float64')
      const which = differentiable(outputsOf(item.op, inputs), item.only)
      const kinds = kindsOf(item)
      const used = inputs.leaves.filter((_, i) => gradientsOf(item)[i] !== null)
      gradcheck((...given) => {
        const places = used.map((leaf, i): [Tensor, Tensor] => {
          const kind = kinds[inputs.leaves.indexOf(leaf)]
          return [leaf, constrained(given[i], kind)]
        })
        return lossOf(outputsOf(item.op, withLeaves(inputs, new Map(places))), which)
      }, used)
    })
  })

  it('are taken of every differentiable operator but one', () => {
    const checked = new Set(cases.map(({ op }) => op))
    expect(checked.size).toBeGreaterThan(500)
    const left = differentiated.map(({ op }) => op).filter(op => !checked.has(op))
    // Its gradient is not that of its input, but of the logits that became it.
    expect(left).toEqual(['ctcLoss'])
  })
})
