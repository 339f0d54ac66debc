// Shapes of operands against PyTorch's rule, for any shapes: aligned at the end, sizes are equal or 1.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { grad } from './autograd.ts'
import { ShapeError, TorchError } from './errors.ts'
import { broadcastShapes } from './functions.ts'
import * as torch from './generated/functions.ts'
import { product } from './indexing.test.util.ts'
import { tidy } from './memory.ts'
import type { Tensor } from './tensor.ts'
import { numbers } from './testing.test.util.ts'

const shape = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 })

/** The rule, written out: undefined where the shapes do not go together. */
function rule(shapes: readonly number[][]): number[] | undefined {
  const dims = Math.max(0, ...shapes.map(({ length }) => length))
  const result: number[] = []
  for (let i = 1; i <= dims; i++) {
    const sizes = new Set(shapes.map(sizes => sizes.at(-i) ?? 1))
    sizes.delete(1)
    if (sizes.size > 1) return undefined
    result.unshift([...sizes][0] ?? 1)
  }
  return result
}

/** Some shapes that go together, and the shape that they have then. */
const together = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }).chain(whole =>
  fc.record({
    whole: fc.constant(whole),
    parts: fc.array(
      fc
        .tuple(fc.nat(whole.length), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }))
        .map(([from, ones]) => whole.slice(from).map((size, i) => (ones[i] ? 1 : size))),
      { minLength: 1, maxLength: 4 },
    ),
  }),
)

describe('broadcasting', () => {
  it('takes and refuses what the rule does, in broadcastShapes and in LibTorch alike', () => {
    fc.assert(
      fc.property(shape, shape, (a, b) =>
        tidy(() => {
          const expected = rule([a, b])
          const work = () => torch.zeros(a).add(torch.zeros(b)).shape
          if (expected) {
            expect(broadcastShapes(a, b)).toEqual(expected)
            expect(work()).toEqual(expected)
          } else {
            expect(() => broadcastShapes(a, b)).toThrow(ShapeError)
            expect(work).toThrow(TorchError)
          }
        }),
      ),
      { numRuns: 300 },
    )
  })

  it('of any number of tensors gives all of them one shape, without copies', () => {
    fc.assert(
      fc.property(together, ({ parts }) =>
        tidy(() => {
          const expected = rule(parts)
          expect(broadcastShapes(...parts)).toEqual(expected)
          const spread = torch.broadcastTensors(parts.map(part => torch.ones(part)))
          for (const [i, tensor] of spread.entries()) {
            expect(tensor.shape).toEqual(expected)
            const added = tensor.dim - parts[i].length
            const repeated = tensor.shape.flatMap((size, d) =>
              size > 1 && (parts[i][d - added] ?? 1) === 1 ? [tensor.strides[d]] : [],
            )
            expect(repeated.every(stride => stride === 0)).toBe(true)
          }
        }),
      ),
    )
  })

  it('gives an operand the sum of the gradients of all places it was used in', () => {
    fc.assert(
      fc.property(together, ({ whole, parts: [part] }) =>
        tidy(() => {
          const x = torch.ones(part, { requiresGrad: true })
          const [slope] = grad(x.mul(torch.full(whole, 2)).sum(), [x]) as Tensor[]
          expect(slope.shape).toEqual(part)
          const uses = product(whole) / product(part)
          for (const value of numbers(slope)) expect(value).toBe(2 * uses)
        }),
      ),
    )
  })

  it('writes in place where the tensor has the shape already, and refuses to let it grow', () => {
    fc.assert(
      fc.property(together, ({ whole, parts: [part] }) =>
        tidy(() => {
          const x = torch.zeros(whole)
          expect(x.add_(torch.ones(part)).shape).toEqual(whole)
          expect(numbers(x).every(value => value === 1)).toBe(true)
          const small = torch.zeros(part)
          if (`${part}` === `${whole}`) return
          expect(() => small.add_(torch.ones(whole))).toThrow(TorchError)
        }),
      ),
    )
  })
})
