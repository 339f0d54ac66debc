// A graph of ONNX nodes as it grows: unique names, initializers, attributes.

import { inModule } from '../module-path.ts'
import { OnnxExportError } from './errors.ts'
import { bytesOf } from './merge.ts'
import { ATTRIBUTE_TYPE, type Attribute, type Initializer, type Node } from './proto.ts'
import type { Constant, Size } from './trace.ts'

/** TensorProto.DataType of the dtypes that are written as they lie in memory. */
const DATA_TYPES: Readonly<Record<string, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
}

/** What an operator reads: the name that stands for it in the graph, and what is known of it. */
export interface Operand {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly Size[]
}

/** A number or list stands for integers; `float` for one that is none. */
export type AttributeValue = number | readonly number[] | string | { float: number }

export class Graph {
  readonly nodes: Node[] = []
  initializers: Initializer[] = []
  /** Dotted name of the module whose operators are being written. */
  module = ''
  readonly #used = new Map<string, number>()
  readonly #constants = new Map<Constant, Operand>()
  readonly #numbers = new Map<string, string>()

  /** The code of a dtype; throws OnnxExportError for one that a graph cannot hold here. */
  dataType(dtype: string): number {
    if (dtype in DATA_TYPES) return DATA_TYPES[dtype]
    throw new OnnxExportError(
      `Expected tensors of float32 or float64 but received ${dtype}${inModule(this.module)}. Move the model first: model.to({ dtype: 'float32' }).`,
    )
  }

  /** `name`, with a number behind it where it is taken. */
  uniqueName(name: string): string {
    const times = this.#used.get(name) ?? 0
    this.#used.set(name, times + 1)
    return times === 0 ? name : this.uniqueName(`${name}_${times}`)
  }

  /** Adds a node with one output and gives the output's name; '' stands for an input left out. */
  node(
    opType: string,
    inputs: readonly (Operand | string)[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    return this.#nodeWith(1, opType, inputs, attributes)[0]
  }

  /** Adds a node with `count` outputs and gives their names. */
  split(
    count: number,
    inputs: readonly (Operand | string)[],
    attributes: Readonly<Record<string, AttributeValue>>,
  ): string[] {
    return this.#nodeWith(count, 'Split', inputs, attributes)
  }

  #nodeWith(
    count: number,
    opType: string,
    inputs: readonly (Operand | string)[],
    attributes: Readonly<Record<string, AttributeValue>>,
  ): string[] {
    const name = this.uniqueName(this.module === '' ? opType : `${this.module}/${opType}`)
    const output = Array.from({ length: count }, (_, i) => (i === 0 ? name : `${name}:${i}`))
    const input = inputs.map(each => (typeof each === 'string' ? each : each.name))
    const attribute = Object.entries(attributes).map(([key, value]) => attributeOf(key, value))
    this.nodes.push({ input, output, name, opType, attribute })
    return output
  }

  /** A constant of the traced pass, as an initializer under its own name. */
  constant(constant: Constant): Operand {
    const known = this.#constants.get(constant)
    if (known) return known
    const { dtype, shape, data } = constant
    const name = this.#initializer(constant.name || 'constant', dtype, shape, data)
    const operand = { name, dtype, shape }
    this.#constants.set(constant, operand)
    return operand
  }

  /** Numbers that an operator needs beside its tensors: floats of the dtype, 0-dimensional for one. */
  floats(values: number | readonly number[], dtype: string, shape?: readonly number[]): string {
    const list = typeof values === 'number' ? [values] : values
    const data = dtype === 'float64' ? Float64Array.from(list) : Float32Array.from(list)
    return this.#number(dtype, shape ?? (typeof values === 'number' ? [] : [list.length]), data)
  }

  /** A list of integers, such as a shape. */
  int64s(values: readonly number[]): string {
    return this.#number('int64', [values.length], BigInt64Array.from(values, BigInt))
  }

  /** Takes initializers out that no node reads: operators leave some of their arguments unread. */
  dropUnused(): void {
    const read = new Set(this.nodes.flatMap(({ input }) => input))
    this.initializers = this.initializers.filter(({ name }) => read.has(name))
  }

  #number(dtype: string, shape: readonly number[], data: ArrayBufferView): string {
    const key = `${dtype} ${shape.join()} ${bytesOf(data).toString('base64')}`
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const name = this.#initializer(dtype, dtype, shape, data)
    this.#numbers.set(key, name)
    return name
  }

  #initializer(
    name: string,
    dtype: string,
    dims: readonly number[],
    data: ArrayBufferView,
  ): string {
    const unique = this.uniqueName(name)
    const dataType = this.dataType(dtype)
    this.initializers.push({ dims, dataType, name: unique, rawData: bytesOf(data) })
    return unique
  }
}

function attributeOf(name: string, value: AttributeValue): Attribute {
  if (typeof value === 'number') return { name, type: ATTRIBUTE_TYPE.int, i: value }
  if (typeof value === 'string')
    return { name, type: ATTRIBUTE_TYPE.string, s: Buffer.from(value, 'utf8') }
  if ('float' in value) return { name, type: ATTRIBUTE_TYPE.float, f: value.float }
  return { name, type: ATTRIBUTE_TYPE.ints, ints: [...value] }
}
