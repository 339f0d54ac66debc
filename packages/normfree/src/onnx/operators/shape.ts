// Shapes and places: nothing here computes.
import type { Graph, Operand } from '../graph.ts'
import { type Size, Varying } from '../trace.ts'
import { fromFirst, type Row, type Rows, Unmapped } from './row.ts'

/** ONNX has two signs for what follows the input: 0 copies the size at the same place, -1 fills up. */
function targetShape(x: Operand, sizes: readonly Size[]): number[] {
  const target = sizes.map((size, i) => {
    if (!(size instanceof Varying)) return size
    return size.equals(x.shape[i]) ? 0 : -1
  })
  if (target.filter(size => size === -1).length > 1)
    throw new Unmapped('more than one size that follows the size of the input')
  return target
}

const reshape: Row = (graph, x: Operand, sizes: readonly Size[]) =>
  graph.node('Reshape', [x, graph.int64s(targetShape(x, sizes))])

const flatten: Row = (graph, x: Operand, start: number = 0, end: number = -1) => {
  const [from, to] = [fromFirst(x, start), fromFirst(x, end)]
  const after = x.shape.slice(to + 1)
  if (after.some(size => size instanceof Varying))
    throw new Unmapped('varying sizes behind `end_dim`')
  const target = [...x.shape.slice(0, from).map(() => 0), -1, ...(after as number[])]
  return graph.node('Reshape', [x, graph.int64s(target)])
}

/** Pairs from the last dimension on, as PyTorch; ONNX wants all starts, then all ends. */
function pads(x: Operand, pad: readonly number[]): number[] {
  const rank = x.shape.length
  const at = (dim: number, side: 0 | 1) => pad[2 * (rank - 1 - dim) + side] ?? 0
  return [...x.shape.map((_, dim) => at(dim, 0)), ...x.shape.map((_, dim) => at(dim, 1))]
}

const padded = (graph: Graph, x: Operand, pad: readonly number[], value: number): string =>
  graph.node('Pad', [x, graph.int64s(pads(x, pad)), graph.floats(value, x.dtype)])

const pad: Row = (
  graph,
  x: Operand,
  pad: readonly number[],
  mode = 'constant',
  value: number | null = 0,
) => {
  if (mode !== 'constant') throw new Unmapped(`mode ${mode}`)
  return padded(graph, x, pad, value ?? 0)
}

/** What comes back as it went in. */
const same: Row = (_, x: Operand) => x.name

const to: Row = (_, x: Operand, dtype?: string | null) => {
  if (dtype != null && dtype !== x.dtype) throw new Unmapped(`dtype ${dtype} from ${x.dtype}`)
  return x.name
}

const filledLike =
  (value: number): Row =>
  (graph, x: Operand) => {
    const zero = graph.node('ConstantOfShape', [graph.node('Shape', [x])])
    if (x.dtype !== 'float32') throw new Unmapped(x.dtype)
    return value === 0 ? zero : graph.node('Add', [zero, graph.floats(value, x.dtype)])
  }

export const SHAPE: Rows = {
  view: reshape,
  reshape,
  'flatten.using_ints': flatten,
  'squeeze.dim': (graph, x: Operand, dim: number) =>
    graph.node('Squeeze', [x, graph.int64s([dim])]),
  unsqueeze: (graph, x: Operand, dim: number) => graph.node('Unsqueeze', [x, graph.int64s([dim])]),
  permute: (graph, x: Operand, dims: readonly number[]) =>
    graph.node('Transpose', [x], { perm: dims.map(dim => fromFirst(x, dim)) }),
  'transpose.int': (graph, x: Operand, first: number, second: number) => {
    const perm = [...x.shape.keys()]
    const [a, b] = [fromFirst(x, first), fromFirst(x, second)]
    ;[perm[a], perm[b]] = [b, a]
    return graph.node('Transpose', [x], { perm })
  },
  cat: (graph, tensors: readonly Operand[], dim: number = 0) =>
    graph.node('Concat', tensors, { axis: dim }),
  constant_pad_nd: (graph, x: Operand, pad: readonly number[], value: number = 0) =>
    padded(graph, x, pad, value),
  pad,
  zeros_like: filledLike(0),
  ones_like: filledLike(1),
  clone: same,
  contiguous: same,
  detach: same,
  alias: same,
  'to.dtype_layout': to,
}
