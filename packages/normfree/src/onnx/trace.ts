// A forward pass as a list of operator calls. What depends on parameters and buffers alone is taken as
// it was computed: weight standardization, for one, leaves nothing but its kernels.
import { type nn, noGrad, ops, Tensor, tidy } from '@normfree/torch'
import { inModule, ModulePath } from '../module-path.ts'
import { undisturbed } from '../undisturbed.ts'
import { OnnxExportError } from './errors.ts'

/** A number that follows the size of the input: it was another one in the second pass. */
export class Varying {
  readonly first: number
  readonly second: number

  constructor(first: number, second: number) {
    this.first = first
    this.second = second
  }

  equals(other: unknown): boolean {
    return other instanceof Varying && other.first === this.first && other.second === this.second
  }
}

/** Size of a dimension. */
export type Size = number | Varying

/** A tensor of the pass that depends on the input. */
export class Value {
  /** Number in the order of the pass; 0 is the input. */
  readonly index: number
  readonly dtype: string
  shape: readonly Size[]

  constructor(index: number, { dtype, shape }: Tensor) {
    this.index = index
    this.dtype = dtype
    this.shape = shape
  }
}

/** A tensor of the pass that does not. */
export class Constant {
  /** Of the parameter or buffer that it is; of the module that it was used in otherwise. */
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  /** Row-major elements; they share the tensor's memory. */
  readonly data: ArrayBufferView

  constructor(name: string, tensor: Tensor) {
    this.name = name
    this.dtype = tensor.dtype
    this.shape = tensor.shape
    this.data = tensor.data()
  }
}

/** What an operator was given. */
export type Argument =
  | Value
  | Constant
  | Varying
  | number
  | bigint
  | boolean
  | string
  | null
  | undefined
  | readonly Argument[]

/** One call of an operator. */
export interface Step {
  /** `add.Tensor` */
  operator: string
  /** Dotted name of the module that called it, '' for the model itself. */
  module: string
  args: readonly Argument[]
  outputs: readonly Value[]
}

export interface Trace {
  input: Value
  output: Value
  steps: Step[]
}

/**
 * The operators of `model(input)` in evaluation mode, in order, those that depend on `input`. The
 * model's state is as before afterwards.
 *
 * @throws OnnxExportError when a pass overwrites a tensor with something that depends on the input,
 * or does not put out one tensor made from it.
 */
export function traceForward(model: nn.Module, input: Tensor): Trace {
  const recorder = new Recorder(model, input)
  let output: Value | undefined
  const pass = () =>
    ops.observe(
      (operator, args, result) => recorder.record(operator, args, result),
      () => {
        output = recorder.valueOf(model.eval()(input))
      },
    )
  try {
    undisturbed(model, () => noGrad(() => tidy(pass)))
  } finally {
    recorder.path.remove()
  }
  if (!output)
    throw new OnnxExportError(
      `Expected a model whose output is one tensor made from its input but received ${model.constructor.name}.`,
    )
  return { input: recorder.input, output, steps: recorder.steps }
}

class Recorder {
  readonly steps: Step[] = []
  readonly input: Value
  readonly #values = new WeakMap<object, Value>()
  readonly #constants = new WeakMap<object, Constant>()
  readonly #stateNames: ReadonlyMap<Tensor, string>
  readonly path: ModulePath
  #count = 0

  constructor(model: nn.Module, input: Tensor) {
    this.#stateNames = new Map(Array.from(model.stateDict(), ([name, tensor]) => [tensor, name]))
    this.input = this.#add(input)
    this.path = new ModulePath(model)
  }

  valueOf(result: unknown): Value | undefined {
    return result instanceof Tensor ? this.#values.get(result) : undefined
  }

  record(operator: string, args: readonly unknown[], result: unknown): void {
    if (!this.#dependsOnInput(args)) return
    const module = this.path.current
    if (/^[^_].*_(\.|$)/.test(operator))
      throw new OnnxExportError(
        `Expected a forward pass that overwrites nothing but ${operator} does${inModule(module)}. A layer that still gathers statistics in evaluation must have seen its batches first.`,
      )
    const tensors = (Array.isArray(result) ? result : [result]).filter(each => isTensor(each))
    if (tensors.length === 0) return
    const step = { operator, module, args: args.map(arg => this.#argument(arg, module)) }
    this.steps.push({ ...step, outputs: tensors.map(tensor => this.#add(tensor)) })
  }

  #dependsOnInput(arg: unknown): boolean {
    return Array.isArray(arg)
      ? arg.some(each => this.#dependsOnInput(each))
      : isTensor(arg) && this.#values.has(arg)
  }

  /** Gives a tensor its place; one that comes back from the operator as it was keeps its own. */
  #add(tensor: Tensor): Value {
    const known = this.#values.get(tensor)
    if (known) return known
    const value = new Value(this.#count++, tensor)
    this.#values.set(tensor, value)
    return value
  }

  #argument(arg: unknown, module: string): Argument {
    if (Array.isArray(arg)) return arg.map(each => this.#argument(each, module))
    return isTensor(arg)
      ? (this.#values.get(arg) ?? this.#constant(arg, module))
      : (arg as Argument)
  }

  #constant(tensor: Tensor, module: string): Constant {
    const known = this.#constants.get(tensor)
    if (known) return known
    const constant = new Constant(this.#stateNames.get(tensor) ?? module, tensor)
    this.#constants.set(tensor, constant)
    return constant
  }
}

const isTensor = (value: unknown): value is Tensor => value instanceof Tensor
