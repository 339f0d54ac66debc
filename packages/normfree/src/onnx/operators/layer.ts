// Layers with weights, norms, poolings and resizing.
import type { Graph, Operand } from '../graph.ts'
import { type Optional, type Pair, type Row, type Rows, repeated, sizeOf, Unmapped } from './row.ts'

const given = (tensor: Optional): Operand[] => (tensor ? [tensor] : [])

/** ONNX wants the paddings in front of all dimensions, then those behind. */
const bothSides = (padding: Pair, count: number): number[] => {
  const each = repeated(padding, count)
  return [...each, ...each]
}

const convolution =
  (count: number): Row =>
  (
    graph,
    x: Operand,
    weight: Operand,
    bias: Optional,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    group: number = 1,
  ) =>
    graph.node('Conv', [x, weight, ...given(bias)], {
      strides: repeated(stride, count),
      pads: bothSides(padding, count),
      dilations: repeated(dilation, count),
      group,
    })

/** The classifier's form as one Gemm; further dimensions as a product with the transposed weight. */
const linear: Row = (graph, x: Operand, weight: Operand, bias: Optional) => {
  if (x.shape.length === 2) return graph.node('Gemm', [x, weight, ...given(bias)], { transB: 1 })
  const product = graph.node('MatMul', [x, graph.node('Transpose', [weight], { perm: [1, 0] })])
  return bias ? graph.node('Add', [product, bias]) : product
}

/** The tensor, or as many of `value` where it is left out. */
const perChannel = (graph: Graph, tensor: Optional, value: number, x: Operand): Operand | string =>
  tensor ?? graph.floats(Array(sizeOf(x, 1)).fill(value), x.dtype)

const batchNorm: Row = (
  graph,
  x: Operand,
  weight: Optional,
  bias: Optional,
  mean: Optional,
  variance: Optional,
  training: boolean,
  _momentum: number,
  eps: number,
) => {
  if (training || !mean || !variance) throw new Unmapped('statistics of the batch')
  const [scale, shift] = [perChannel(graph, weight, 1, x), perChannel(graph, bias, 0, x)]
  return graph.node('BatchNormalization', [x, scale, shift, mean, variance], {
    epsilon: { float: eps },
  })
}

const instanceNorm: Row = (
  graph,
  x: Operand,
  weight: Optional,
  bias: Optional,
  mean: Optional,
  variance: Optional,
  useInputStats: boolean,
  momentum: number,
  eps: number,
) => {
  if (!useInputStats) {
    const args = [x, weight, bias, mean, variance, false, momentum, eps]
    return batchNorm(graph, ...(args as never[]))
  }
  const [scale, shift] = [perChannel(graph, weight, 1, x), perChannel(graph, bias, 0, x)]
  return graph.node('InstanceNormalization', [x, scale, shift], { epsilon: { float: eps } })
}

/** As an instance norm of the groups; ONNX has one of its own from opset 21 on. */
const groupNorm: Row = (
  graph,
  x: Operand,
  groups: number,
  weight: Optional,
  bias: Optional,
  eps: number = 1e-5,
) => {
  const grouped = graph.node('Reshape', [x, graph.int64s([0, groups, -1])])
  const [one, zero] = [1, 0].map(value => graph.floats(Array(groups).fill(value), x.dtype))
  const normed = graph.node('InstanceNormalization', [grouped, one, zero], {
    epsilon: { float: eps },
  })
  const y = graph.node('Reshape', [normed, graph.node('Shape', [x])])
  const column = (tensor: Operand) =>
    graph.node('Reshape', [tensor, graph.int64s([-1, ...x.shape.slice(2).map(() => 1)])])
  const gained = weight ? graph.node('Mul', [y, column(weight)]) : y
  return bias ? graph.node('Add', [gained, column(bias)]) : gained
}

interface Window {
  kernel: Pair
  stride: Pair | undefined
  padding: Pair
}

/** A stride left out is the kernel's size. */
const windowAttributes = ({ kernel, stride, padding }: Window) => ({
  kernel_shape: repeated(kernel),
  strides: repeated(Array.isArray(stride) && stride.length === 0 ? kernel : (stride ?? kernel)),
  pads: bothSides(padding, 2),
})

const maxPool: Row = (
  graph,
  x: Operand,
  kernel: Pair,
  stride?: Pair,
  padding: Pair = 0,
  dilation: Pair = 1,
  ceilMode: boolean = false,
) =>
  graph.node('MaxPool', [x], {
    ...windowAttributes({ kernel, stride, padding }),
    dilations: repeated(dilation),
    ceil_mode: Number(ceilMode),
  })

const avgPool: Row = (
  graph,
  x: Operand,
  kernel: Pair,
  stride?: Pair,
  padding: Pair = 0,
  ceilMode: boolean = false,
  countIncludePad: boolean = true,
  divisor?: number | null,
) => {
  if (divisor != null) throw new Unmapped(`divisor_override ${divisor}`)
  return graph.node('AveragePool', [x], {
    ...windowAttributes({ kernel, stride, padding }),
    ceil_mode: Number(ceilMode),
    count_include_pad: Number(countIncludePad),
  })
}

/** Means over windows of unequal sizes are products with constant matrices from both sides. */
const adaptiveAvgPool: Row = (graph, x: Operand, size: Pair) => {
  const [height, width] = repeated(size)
  if (height === 1 && width === 1) return graph.node('GlobalAveragePool', [x])
  const [inHeight, inWidth] = [sizeOf(x, -2), sizeOf(x, -1)]
  const rows = graph.floats(meansMatrix(inHeight, height), x.dtype, [height, inHeight])
  const columns = graph.floats(meansMatrix(inWidth, width), x.dtype, [width, inWidth])
  const transposed = graph.node('Transpose', [columns], { perm: [1, 0] })
  return graph.node('MatMul', [graph.node('MatMul', [rows, x]), transposed])
}

/** Row o holds 1 / n at the n inputs from floor(o in / out) to ceil((o + 1) in / out). */
function meansMatrix(input: number, output: number): number[] {
  return Array.from({ length: output }, (_, o) => {
    const [start, end] = [Math.floor((o * input) / output), Math.ceil(((o + 1) * input) / output)]
    return Array.from({ length: input }, (_, i) => (i >= start && i < end ? 1 / (end - start) : 0))
  }).flat()
}

const mean: Row = (graph, x: Operand, dims: Pair | null, keepdim: boolean = false) =>
  graph.node('ReduceMean', [x], {
    ...(dims !== null && { axes: typeof dims === 'number' ? [dims] : dims }),
    keepdims: Number(keepdim),
  })

type Factors = readonly number[] | null | undefined

/** To given sizes, with the input's own in front; or by factors. */
function resized(
  graph: Graph,
  x: Operand,
  size: Pair | null,
  factors: Factors,
  attributes: Record<string, string>,
): string {
  if (size === null) {
    const scales = graph.floats([1, 1, ...(factors ?? [])], 'float32')
    return graph.node('Resize', [x, '', scales], attributes)
  }
  const [start, end] = [graph.int64s([0]), graph.int64s([2])]
  const own = graph.node('Slice', [graph.node('Shape', [x]), start, end])
  const sizes = graph.node('Concat', [own, graph.int64s(repeated(size))], { axis: 0 })
  return graph.node('Resize', [x, '', '', sizes], attributes)
}

const bilinear: Row = (
  graph,
  x: Operand,
  size: Pair | null,
  alignCorners: boolean,
  factors: Factors,
) =>
  resized(graph, x, size, factors, {
    mode: 'linear',
    coordinate_transformation_mode: alignCorners ? 'align_corners' : 'half_pixel',
  })

const nearest: Row = (graph, x: Operand, size: Pair | null, factors: Factors) =>
  resized(graph, x, size, factors, {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  })

export const LAYER: Rows = {
  conv1d: convolution(1),
  conv2d: convolution(2),
  linear,
  matmul: (graph, x: Operand, y: Operand) => graph.node('MatMul', [x, y]),
  batch_norm: batchNorm,
  instance_norm: instanceNorm,
  group_norm: groupNorm,
  layer_norm: (
    graph,
    x: Operand,
    shape: readonly number[],
    weight: Optional,
    bias: Optional,
    eps: number = 1e-5,
  ) =>
    graph.node(
      'LayerNormalization',
      [
        x,
        weight ??
          graph.floats(Array(shape.reduce((n, size) => n * size, 1)).fill(1), x.dtype, shape),
        ...given(bias),
      ],
      { axis: -shape.length, epsilon: { float: eps } },
    ),
  max_pool2d: maxPool,
  avg_pool2d: avgPool,
  adaptive_avg_pool2d: adaptiveAvgPool,
  'mean.dim': mean,
  'upsample_bilinear2d.vec': bilinear,
  'upsample_nearest2d.vec': nearest,
}
