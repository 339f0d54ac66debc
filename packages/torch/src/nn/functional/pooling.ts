// Poolings that are no operator of LibTorch, or have a second result there.
import * as ops from '../../generated/functions.ts'
import { tidy } from '../../memory.ts'
import type { Tensor } from '../../tensor.ts'
import { pair, type Size1d, type Size2d, single } from '../sizes.ts'

/** Maximum over windows of (N, C, L) sized so that the output has length `outputSize`. */
export const adaptiveMaxPool1d = (input: Tensor, outputSize: Size1d): Tensor =>
  tidy(() => adaptiveMaxPool1dWithIndices(input, outputSize)[0])

/** adaptiveMaxPool1d, and where the maxima stood: int64, along L. */
export const adaptiveMaxPool1dWithIndices = (input: Tensor, outputSize: Size1d): [Tensor, Tensor] =>
  ops.adaptiveMaxPool1d(input, outputSize)

/** A size of the output; null keeps that of the input. */
export type AdaptiveSize2d = number | readonly [number | null, number | null]

/** Maximum over windows of (N, C, H, W) sized so that the output is `outputSize`. */
export const adaptiveMaxPool2d = (input: Tensor, outputSize: AdaptiveSize2d): Tensor =>
  tidy(() => adaptiveMaxPool2dWithIndices(input, outputSize)[0])

/** adaptiveMaxPool2d, and where the maxima stood: int64, in the flattened (H, W). */
export const adaptiveMaxPool2dWithIndices = (
  input: Tensor,
  outputSize: AdaptiveSize2d,
): [Tensor, Tensor] => ops.adaptiveMaxPool2d(input, resolveSize(input, outputSize))

/** Mean over windows of (N, C, H, W) sized so that the output is `outputSize`. */
export const adaptiveAvgPool2d = (input: Tensor, outputSize: AdaptiveSize2d): Tensor =>
  ops.adaptiveAvgPool2d(input, resolveSize(input, outputSize))

function resolveSize(input: Tensor, size: AdaptiveSize2d): number | [number, number] {
  if (typeof size === 'number') return size
  const [height, width] = input.shape.slice(-2)
  return [size[0] ?? height, size[1] ?? width]
}

/** Options of {@link lpPool1d} and {@link lpPool2d}; `Size` is a number, or one a direction. */
export interface LpPoolOptions<Size> {
  /** Default: the kernel size. */
  stride?: Size
  /** Let the last window reach over the edge. Default false. */
  ceilMode?: boolean
}

/** (sum of x^normType)^(1 / normType) over windows of (N, C, L); 0 where the sum is negative. */
export function lpPool1d(
  input: Tensor,
  normType: number,
  kernelSize: Size1d,
  options: LpPoolOptions<Size1d> = {},
): Tensor {
  const [length] = single(kernelSize)
  const { stride = kernelSize, ceilMode } = options
  return tidy(() => {
    const mean = ops.avgPool1d(input.pow(normType), kernelSize, stride, 0, ceilMode)
    return rootOfSum(mean, length, normType)
  })
}

/** lpPool1d over windows of (N, C, H, W). */
export function lpPool2d(
  input: Tensor,
  normType: number,
  kernelSize: Size2d,
  options: LpPoolOptions<Size2d> = {},
): Tensor {
  const [height, width] = pair(kernelSize)
  const { stride = kernelSize, ceilMode } = options
  return tidy(() => {
    const mean = ops.avgPool2d(input.pow(normType), kernelSize, stride, 0, ceilMode)
    return rootOfSum(mean, height * width, normType)
  })
}

/** PyTorch's way to keep the root real: sign(m) relu(|m|). */
const rootOfSum = (mean: Tensor, count: number, normType: number): Tensor =>
  mean
    .sign()
    .mul(mean.abs().relu())
    .mul(count)
    .pow(1 / normType)
