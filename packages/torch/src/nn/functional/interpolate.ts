// Resizing by interpolation: torch.nn.functional.interpolate for one and two spatial dimensions.
import { callOperator } from '../../call.ts'
import { ArgumentError, ShapeError } from '../../errors.ts'
import * as ops from '../../generated/functions.ts'
import type { Tensor } from '../../tensor.ts'

/**
 * How {@link interpolate} finds the values between elements; linear is for (N, C, L), bilinear and
 * bicubic for (N, C, H, W).
 */
export type InterpolationMode =
  | 'nearest'
  | 'nearest-exact'
  | 'linear'
  | 'bilinear'
  | 'bicubic'
  | 'area'

/** The output's size, and how {@link interpolate} gets there. */
export interface InterpolateOptions {
  /** Spatial size of the output, one number for all directions. This or scaleFactor. */
  size?: number | readonly number[]
  /** Output over input size, rounded down. */
  scaleFactor?: number | readonly number[]
  /** Default 'nearest'. */
  mode?: InterpolationMode
  /**
   * linear, bilinear and bicubic: the corner elements keep their values (true), or the outer edges
   * of the corner elements stay where they are (false). Default false.
   */
  alignCorners?: boolean
  /** Interpolate with the rounded sizes' ratio in place of scaleFactor. Default false. */
  recomputeScaleFactor?: boolean
}

interface Method {
  /** Name of the operator by number of spatial dimensions. */
  operators: Record<number, string>
  hasCorners: boolean
}

const METHODS: Record<Exclude<InterpolationMode, 'area'>, Method> = {
  nearest: {
    operators: { 1: 'aten::upsample_nearest1d', 2: 'aten::upsample_nearest2d' },
    hasCorners: false,
  },
  'nearest-exact': {
    operators: { 1: 'aten::_upsample_nearest_exact1d', 2: 'aten::_upsample_nearest_exact2d' },
    hasCorners: false,
  },
  linear: { operators: { 1: 'aten::upsample_linear1d' }, hasCorners: true },
  bilinear: { operators: { 2: 'aten::upsample_bilinear2d' }, hasCorners: true },
  bicubic: { operators: { 2: 'aten::upsample_bicubic2d' }, hasCorners: true },
}

/**
 * Resizes (N, C, L) or (N, C, H, W). 'nearest' rounds positions down, 'nearest-exact' to the
 * nearest centre; 'area' takes means.
 *
 * @throws ArgumentError unless exactly one of size and scaleFactor is given, and when alignCorners is
 * given for a mode without; ShapeError when the mode does not fit the dimensions.
 */
export function interpolate(input: Tensor, options: InterpolateOptions): Tensor {
  const { mode = 'nearest', alignCorners } = options
  const spatial = input.shape.slice(2)
  const { size, scales } = target(spatial, options)
  if (mode === 'area') {
    refuseCorners(mode, alignCorners)
    const output = size ?? scaled(spatial, scales as number[])
    return spatial.length === 1
      ? ops.adaptiveAvgPool1d(input, output)
      : ops.adaptiveAvgPool2d(input, output)
  }
  const method = METHODS[mode]
  const operator = method?.operators[spatial.length]
  if (!operator)
    throw new ShapeError(
      `Expected a mode for ${spatial.length} spatial dimensions for \`mode\` but received ${JSON.stringify(mode)} with an input [${input.shape.join(', ')}].`,
    )
  if (!method.hasCorners) refuseCorners(mode, alignCorners)
  const corners = method.hasCorners ? [alignCorners ?? false] : []
  return callOperator(operator, 'vec', input, size, ...corners, scales) as Tensor
}

function target(
  spatial: number[],
  { size, scaleFactor, recomputeScaleFactor }: InterpolateOptions,
): { size: number[] | null; scales: number[] | null } {
  if ((size === undefined) === (scaleFactor === undefined))
    throw new ArgumentError(
      `Expected either \`size\` or \`scaleFactor\` but received ${size === undefined ? 'neither' : 'both'}.`,
    )
  if (size !== undefined) return { size: everyDirection(size, spatial, 'size'), scales: null }
  const scales = everyDirection(scaleFactor as number | readonly number[], spatial, 'scaleFactor')
  return recomputeScaleFactor
    ? { size: scaled(spatial, scales), scales: null }
    : { size: null, scales }
}

const scaled = (spatial: number[], scales: number[]): number[] =>
  spatial.map((length, i) => Math.floor(length * scales[i]))

function everyDirection(
  given: number | readonly number[],
  spatial: number[],
  name: string,
): number[] {
  if (typeof given === 'number') return spatial.map(() => given)
  if (given.length === spatial.length) return [...given]
  throw new ShapeError(
    `Expected one number or ${spatial.length} for \`${name}\` but received [${given.join(', ')}].`,
  )
}

function refuseCorners(mode: InterpolationMode, alignCorners: boolean | undefined): void {
  if (alignCorners !== undefined)
    throw new ArgumentError(
      `Expected \`alignCorners\` with linear, bilinear or bicubic alone but received it with ${mode}.`,
    )
}
