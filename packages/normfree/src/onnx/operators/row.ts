// The form of a row of the tables: how one operator of LibTorch is written in ONNX.
import { OnnxExportError } from '../errors.ts'
import type { Graph, Operand } from '../graph.ts'
import { type Size, Varying } from '../trace.ts'

/**
 * Writes one call of an operator, whose arguments come in schema order, and gives the names of what
 * it puts out. Throws Unmapped for a form of the operator that the row does not know.
 */
export type Row = (graph: Graph, ...args: never[]) => string | string[]

/** By operator, `add.Tensor`. */
export type Rows = Readonly<Record<string, Row>>

/** The row of an operator that ONNX has, of one tensor and nothing else. */
export const unary =
  (opType: string): Row =>
  (graph, x: Operand) =>
    graph.node(opType, [x])

/** A form of an operator that a row cannot write; who calls the row adds operator and module. */
export class Unmapped extends OnnxExportError {
  override name = 'Unmapped'
}

/** A tensor that may be left out. */
export type Optional = Operand | null | undefined

/** One number for both directions of an image, or one each. */
export type Pair = number | readonly number[]

/** A list of `count` numbers. */
export const repeated = (value: Pair, count = 2): number[] =>
  typeof value === 'number'
    ? Array(count).fill(value)
    : value.length === 1
      ? Array(count).fill(value[0])
      : [...value]

/** The size of one dimension (negative: from the last), which must be the same for every input. */
export function sizeOf({ shape }: Operand, dim: number): number {
  const size = shape.at(dim) as Size
  if (size instanceof Varying)
    throw new Unmapped(
      `size ${size.first}, or ${size.second} with another input, at dimension ${dim}`,
    )
  return size
}

/** A dimension counted from the first. */
export const fromFirst = ({ shape }: Operand, dim: number): number =>
  dim < 0 ? dim + shape.length : dim
