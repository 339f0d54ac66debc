// Sums, products and functions of single elements.
import type { Graph, Operand } from '../graph.ts'
import { type Row, type Rows, Unmapped, unary } from './row.ts'

/** x op alpha y, y a tensor. */
const withTensor =
  (opType: string): Row =>
  (graph, x: Operand, y: Operand, alpha: number = 1) => {
    if (x.dtype !== y.dtype) throw new Unmapped(`${x.dtype} with ${y.dtype}`)
    return graph.node(opType, [x, scaled(graph, y, alpha)])
  }

/** x op alpha y, y a number. */
const withNumber =
  (opType: string): Row =>
  (graph, x: Operand, y: number, alpha: number = 1) =>
    graph.node(opType, [x, graph.floats(alpha * y, x.dtype)])

const scaled = (graph: Graph, x: Operand, factor: number): Operand | string =>
  factor === 1 ? x : graph.node('Mul', [x, graph.floats(factor, x.dtype)])

const clip: Row = (graph, x: Operand, min?: number | null, max?: number | null) => {
  const bound = (value?: number | null) => (value == null ? '' : graph.floats(value, x.dtype))
  return graph.node('Clip', max == null ? [x, bound(min)] : [x, bound(min), bound(max)])
}

export const ARITHMETIC: Rows = {
  'add.Tensor': withTensor('Add'),
  'add.Scalar': withNumber('Add'),
  'sub.Tensor': withTensor('Sub'),
  'sub.Scalar': withNumber('Sub'),
  'mul.Tensor': withTensor('Mul'),
  'mul.Scalar': withNumber('Mul'),
  'div.Tensor': withTensor('Div'),
  'div.Scalar': withNumber('Div'),
  'pow.Tensor_Scalar': withNumber('Pow'),
  square: (graph, x: Operand) => graph.node('Mul', [x, x]),
  abs: unary('Abs'),
  exp: unary('Exp'),
  log: unary('Log'),
  neg: unary('Neg'),
  sqrt: unary('Sqrt'),
  reciprocal: unary('Reciprocal'),
  rsqrt: (graph, x: Operand) => graph.node('Reciprocal', [graph.node('Sqrt', [x])]),
  clamp: clip,
  clamp_min: clip,
  clamp_max: (graph, x: Operand, max: number) => clip(graph, ...([x, null, max] as never[])),
}
