// Weights and images that anyone can rebuild from a few lines of integer arithmetic, so that values
// of a reference implementation can be compared without a weight file.
import { from, type nn, noGrad, type Tensor, tidy } from '@normfree/torch'

const INPUT_STREAM = 1_000_003

/** Elements offset + scale * s(i), where s in [-1, 1) is a hash of the tensor's index p and of i. */
function scattered(length: number, p: number, offset: number, scale: number): Float32Array {
  const values = new Float32Array(length)
  const start = (Math.imul(p, 0x85ebca77) + 0xc2b2ae3d) | 0
  for (let i = 0; i < length; i++) {
    let x = (Math.imul(i, 0x9e3779b1) + start) | 0
    x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d)
    x = Math.imul(x ^ (x >>> 12), 0x297a2d39)
    x ^= x >>> 15
    values[i] = offset + scale * (2 * ((x >>> 0) / 2 ** 32) - 1)
  }
  return values
}

/** Fan-in scaled kernels, gains and norm weights near 1, biases near 0, SkipInit scalars 0.5. */
function offsetAndScale(name: string, shape: readonly number[]): [offset: number, scale: number] {
  if (shape.length === 0) return [0.5, 0]
  if (name.endsWith('gain')) return [1, 0.1]
  const fanIn = shape.slice(1).reduce((product, size) => product * size, 1)
  if (shape.length > 1) return [0, Math.sqrt(3) / Math.sqrt(fanIn)]
  return name.endsWith('weight') ? [1, 0.1] : [0, 0.1]
}

/** Fills every parameter by its name, shape and place in the order; buffers keep their values. */
export function fillParameters(model: nn.Module): void {
  const named = [...model.namedParameters()]
  noGrad(() => {
    for (const [p, [name, parameter]] of named.entries())
      tidy(() => {
        const { shape, numel } = parameter
        parameter.copy_(from(scattered(numel, p, ...offsetAndScale(name, shape)), shape))
      })
  })
}

/**
 * Images (batch, 3, side, side) of unit variance and labels 0, 7, 4, 1, ... modulo 10.
 *
 * @param units every pixel is moved by up to so many units of its rounding, at random; default 0
 */
export function referenceBatch(
  batch: number,
  side: number,
  units = 0,
): { images: Tensor; labels: Tensor } {
  const shape = [batch, 3, side, side]
  const pixels = scattered(batch * 3 * side * side, INPUT_STREAM, 0, Math.sqrt(3))
  const factors = scattered(pixels.length, INPUT_STREAM + 1, 1, units * 2 ** -23)
  const images = from(
    pixels.map((pixel, i) => pixel * factors[i]),
    shape,
  )
  const labels = from(BigInt64Array.from({ length: batch }, (_, i) => BigInt((7 * i) % 10)))
  return { images, labels }
}
