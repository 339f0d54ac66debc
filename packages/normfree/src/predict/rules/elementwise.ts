// Functions of single elements, sums and products.
import { Tensor } from '@normfree/torch'
import { ACTIVATIONS } from '../../activations.ts'
import {
  type Bend,
  constantEstimate,
  curve,
  Estimate,
  isOperand,
  line,
  Mixture,
  type Operand,
  type Rule,
  type Rules,
  reshaped,
} from '../estimate.ts'
import { mapCells, product, sum } from '../moments.ts'
import { unbounded } from '../texture.ts'

const unary =
  (f: (x: number) => number): Rule =>
  (_, x: Operand) =>
    x.estimate.map(curve(f))

const straight =
  (slope: number, offset = 0): Rule =>
  (_, x: Operand) =>
    x.estimate.map(line(slope, offset))

const elu: Rule = (_, x: Operand, alpha = 1, scale = 1, inputScale = 1) =>
  x.estimate.map(curve(v => scale * (v > 0 ? v : alpha * Math.expm1(v * inputScale))))

const clip: Rule = (_, x: Operand, min?: number | null, max?: number | null) =>
  x.estimate.map(
    curve(v => Math.min(Math.max(v, min ?? Number.NEGATIVE_INFINITY), max ?? Infinity)),
  )

const { gelu, gelu_tanh, softplus } = ACTIVATIONS

type Value = Operand | Tensor | number

/** A number, also where it comes as a tensor of one element; null for what has several. */
function numberOf(value: Value): number | null {
  if (typeof value === 'number') return value
  return value instanceof Tensor && value.numel === 1 ? value.item() : null
}

const estimateOf = (value: Operand | Tensor): Estimate =>
  isOperand(value) ? value.estimate : constantEstimate(value)

/** How two values make one: as numbers, and as moments where they are independent. */
interface Join {
  numbers(x: number, y: number): number
  /** With a number on the right, or on the left. */
  withRight(y: number): Bend
  withLeft(x: number): Bend
  independent(x: Estimate, y: Estimate): Estimate
}

/** Kind by kind, where channels are of several. */
function independent(join: Join, x: Estimate, y: Estimate): Estimate {
  if (x instanceof Mixture) return x.each(part => independent(join, part, y))
  if (y instanceof Mixture) return y.each(part => independent(join, x, part))
  return join.independent(x, y)
}

const joined =
  (join: Join): Rule =>
  (call, x: Value, y: Value) => {
    const [left, right] = [numberOf(x), numberOf(y)]
    if (right !== null) return estimateOf(x as Operand).map(join.withRight(right))
    if (left !== null) return estimateOf(y as Operand).map(join.withLeft(left))
    const [first, second] = [x as Operand | Tensor, y as Operand | Tensor].map(estimateOf)
    return (
      first.with(second, join.numbers) ??
      reshaped(independent(join, first, second), call.shape, call.smooth)
    )
  }

const added = (factor: number): Join => ({
  numbers: (x, y) => x + factor * y,
  withRight: y => line(1, factor * y),
  withLeft: x => line(factor, x),
  independent: (x, y) => new Estimate(sum(x.moments, y.moments, factor)),
})

const multiplied: Join = {
  numbers: (x, y) => x * y,
  withRight: y => line(y, 0),
  withLeft: x => line(x, 0),
  independent: (x, y) => new Estimate(product(x.moments, y.moments)),
}

const divided: Join = {
  numbers: (x, y) => x / y,
  withRight: y => line(1 / y, 0),
  withLeft: x => curve(y => x / y),
  independent: (x, y) => multiplied.independent(x, y.map(curve(v => 1 / v))),
}

const add: Rule = (call, x: Value, y: Value, alpha: number = 1) =>
  joined(added(alpha))(call, ...([x, y] as never[]))
const subtract: Rule = (call, x: Value, y: Value, alpha: number = 1) =>
  joined(added(-alpha))(call, ...([x, y] as never[]))

/** Keeps elements, or whole channels of a sample, and divides them by the probability of keeping. */
const dropout: Rule = (_, x: Operand, rate: number, training: boolean) => {
  if (!training || rate === 0) return x.estimate
  const { moments } = x.estimate
  const texture = unbounded(moments.texture)
  const dropped = mapCells({ ...moments, texture }, ({ mean, spread, variance }) => {
    const squaredMean = mean ** 2 + spread ** 2
    return { mean, spread, variance: (squaredMean + variance) / (1 - rate) - squaredMean }
  })
  return new Estimate(dropped)
}

/** f(first half of the channels, second half), halves being independent. */
const glu: Rule = (call, x: Operand) => {
  const gate = x.estimate.map(curve(ACTIVATIONS.sigmoid.scalar))
  return reshaped(multiplied.independent(x.estimate, gate), call.shape, call.smooth)
}

const NAMED = {
  relu: 'relu',
  relu6: 'relu6',
  sigmoid: 'sigmoid',
  tanh: 'tanh',
  silu: 'silu',
  mish: 'mish',
  selu: 'selu',
  log_sigmoid: 'log_sigmoid',
  hardswish: 'hard_swish',
} as const

export const ELEMENTWISE: Rules = {
  ...Object.fromEntries(
    Object.entries(NAMED).map(([operator, name]) => [operator, unary(ACTIVATIONS[name].scalar)]),
  ),
  gelu: (call, x: Operand, approximate = 'none') =>
    unary((approximate === 'tanh' ? gelu_tanh : gelu).scalar)(call, ...([x] as never[])),
  elu,
  celu: (_, x: Operand, alpha: number = 1) =>
    x.estimate.map(curve(v => (v > 0 ? v : alpha * Math.expm1(v / alpha)))),
  leaky_relu: (_, x: Operand, slope: number = 0.01) =>
    x.estimate.map(curve(v => (v > 0 ? v : slope * v))),
  softplus: (_, x: Operand, beta: number = 1) =>
    x.estimate.map(curve(v => softplus.scalar(beta * v) / beta)),
  hardsigmoid: unary(x => Math.min(Math.max(x / 6 + 0.5, 0), 1)),
  hardtanh: (call, x: Operand, min: number = -1, max: number = 1) =>
    clip(call, ...([x, min, max] as never[])),
  clamp: clip,
  clamp_min: clip,
  clamp_max: (call, x: Operand, max: number) => clip(call, ...([x, null, max] as never[])),
  glu,
  abs: unary(Math.abs),
  exp: unary(Math.exp),
  log: unary(Math.log),
  log1p: unary(Math.log1p),
  sqrt: unary(Math.sqrt),
  rsqrt: unary(x => 1 / Math.sqrt(x)),
  reciprocal: unary(x => 1 / x),
  square: unary(x => x * x),
  neg: straight(-1),
  'pow.Tensor_Scalar': (_, x: Operand, exponent: number) =>
    x.estimate.map(curve(v => v ** exponent)),
  'add.Tensor': add,
  'add.Scalar': add,
  'sub.Tensor': subtract,
  'sub.Scalar': subtract,
  'rsub.Scalar': (_, x: Operand, y: number, alpha: number = 1) => x.estimate.map(line(-alpha, y)),
  'mul.Tensor': joined(multiplied),
  'mul.Scalar': joined(multiplied),
  'div.Tensor': joined(divided),
  'div.Scalar': joined(divided),
  dropout,
  feature_dropout: dropout,
  zeros_like: straight(0),
  ones_like: straight(0, 1),
}
