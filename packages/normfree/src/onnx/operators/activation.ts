// Activations: ONNX's own where opset 17 has it, its formula elsewhere.
import type { Graph, Operand } from '../graph.ts'
import { type Row, type Rows, Unmapped, unary } from './row.ts'

/** 0.5 x (1 + erf(x / sqrt 2)), or with tanh(sqrt(2 / pi) (x + 0.044715 x^3)) in place of erf. */
const gelu: Row = (graph, x: Operand, approximate = 'none') => {
  const number = (value: number) => graph.floats(value, x.dtype)
  const bent =
    approximate === 'tanh'
      ? graph.node('Tanh', [geluInner(graph, x)])
      : graph.node('Erf', [graph.node('Mul', [x, number(Math.SQRT1_2)])])
  const gate = graph.node('Add', [bent, number(1)])
  return graph.node('Mul', [graph.node('Mul', [x, gate]), number(0.5)])
}

function geluInner(graph: Graph, x: Operand): string {
  const number = (value: number) => graph.floats(value, x.dtype)
  const cubic = graph.node('Mul', [graph.node('Pow', [x, number(3)]), number(0.044715)])
  return graph.node('Mul', [graph.node('Add', [x, cubic]), number(Math.sqrt(2 / Math.PI))])
}

/** log(1 + exp x); LibTorch goes over to x at 20, where the two agree to the last bit of a float. */
const softplus: Row = (graph, x: Operand, beta: number = 1, threshold: number = 20) => {
  if (beta !== 1 || threshold !== 20) throw new Unmapped(`beta ${beta}, threshold ${threshold}`)
  return graph.node('Softplus', [x])
}

/** scale (x, or alpha (exp(x) - 1) below 0): what nn.SELU runs too. */
const elu: Row = (
  graph,
  x: Operand,
  alpha: number = 1,
  scale: number = 1,
  inputScale: number = 1,
) => {
  if (inputScale !== 1) throw new Unmapped(`input_scale ${inputScale}`)
  const y = graph.node('Elu', [x], { alpha: { float: alpha } })
  return scale === 1 ? y : graph.node('Mul', [y, graph.floats(scale, x.dtype)])
}

const glu: Row = (graph, x: Operand, dim: number = -1) => {
  const [value, gate] = graph.split(2, [x], { axis: dim })
  return graph.node('Mul', [value, graph.node('Sigmoid', [gate])])
}

export const ACTIVATION: Rows = {
  relu: unary('Relu'),
  sigmoid: unary('Sigmoid'),
  tanh: unary('Tanh'),
  hardswish: unary('HardSwish'),
  gelu,
  elu,
  softplus,
  glu,
  hardtanh: (graph, x: Operand, min: number = -1, max: number = 1) =>
    graph.node('Clip', [x, graph.floats(min, x.dtype), graph.floats(max, x.dtype)]),
  silu: (graph, x: Operand) => graph.node('Mul', [x, graph.node('Sigmoid', [x])]),
  mish: (graph, x: Operand) =>
    graph.node('Mul', [x, graph.node('Tanh', [graph.node('Softplus', [x])])]),
  celu: (graph, x: Operand, alpha: number = 1) =>
    graph.node('Celu', [x], { alpha: { float: alpha } }),
  selu: unary('Selu'),
  leaky_relu: (graph, x: Operand, slope: number = 0.01) =>
    graph.node('LeakyRelu', [x], { alpha: { float: slope } }),
  log_sigmoid: (graph, x: Operand) =>
    graph.node('Neg', [graph.node('Softplus', [graph.node('Neg', [x])])]),
  'softmax.int': (graph, x: Operand, dim: number) => graph.node('Softmax', [x], { axis: dim }),
  'log_softmax.int': (graph, x: Operand, dim: number) =>
    graph.node('LogSoftmax', [x], { axis: dim }),
}
