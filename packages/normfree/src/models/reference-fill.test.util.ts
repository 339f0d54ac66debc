// Weights and images that anyone can rebuild from a few lines of integer arithmetic, so that values
// of a reference implementation can be compared without a weight file; not part of the package.
import { from, type nn, noGrad, type Tensor } from '@normfree/torch'
import { filled } from '../fixtures.test.util.ts'

const INPUT_STREAM = 1_000_003

/** A number in [-1, 1) that is a hash of the tensor's index p and the element's index i. */
function scatter(p: number, i: number): number {
  let x = (Math.imul(i, 0x9e3779b1) + Math.imul(p, 0x85ebca77) + 0xc2b2ae3d) >>> 0
  x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d)
  x = Math.imul(x ^ (x >>> 12), 0x297a2d39)
  x ^= x >>> 15
  return 2 * ((x >>> 0) / 2 ** 32) - 1
}

/** Fan-in scaled kernels, gains and norm weights near 1, biases near 0, SkipInit scalars 0.5. */
function fillOf(name: string, shape: readonly number[]): (s: number) => number {
  if (shape.length === 0) return () => 0.5
  if (name.endsWith('gain')) return s => 1 + 0.1 * s
  const fanIn = shape.slice(1).reduce((product, size) => product * size, 1)
  if (shape.length > 1) return s => (s * Math.sqrt(3)) / Math.sqrt(fanIn)
  return name.endsWith('weight') ? s => 1 + 0.1 * s : s => 0.1 * s
}

/** Fills every parameter; buffers keep their values. */
export function fillParameters(model: nn.Module): void {
  let p = 0
  noGrad(() => {
    for (const [name, parameter] of model.namedParameters()) {
      const index = p++
      const value = fillOf(name, parameter.shape)
      parameter.copy_(filled(parameter.shape, i => value(scatter(index, i))))
    }
  })
}

/** Images (batch, 3, side, side) of unit variance and labels 0, 7, 4, 1, ... modulo 10. */
export function referenceBatch(batch: number, side: number): { images: Tensor; labels: Tensor } {
  const images = filled([batch, 3, side, side], i => scatter(INPUT_STREAM, i) * Math.sqrt(3))
  const labels = from(Int32Array.from({ length: batch }, (_, i) => (7 * i) % 10)).to('int64')
  return { images, labels }
}
