// Functions with a backward of their own: PyTorch's torch.autograd.Function.
import { isGradEnabled, noGrad } from './autograd.ts'
import { attempt, isTensor, readTensors } from './call.ts'
import { callback, type MaybeTensor } from './callback.ts'
import { isFloatingPoint } from './dtype.ts'
import { ArgumentError } from './errors.ts'
import { tidy } from './memory.ts'
import { native } from './native.ts'
import * as tape from './tape.ts'
import type { Tensor } from './tensor.ts'
import { noteCaller, tracing } from './tracing.ts'

/**
 * What forward leaves for backward.
 *
 * @typeParam Data the plain values of `data`
 */
export interface FunctionContext<Data extends object = Record<string, unknown>> {
  /** Whether each input is a tensor that wants a gradient. */
  readonly needsInputGrad: readonly boolean[]
  /** In backward: what saveForBackward was given, in its order. */
  readonly savedTensors: readonly Tensor[]
  /** Plain values for backward; no tensors, which forward's scope releases. */
  readonly data: Data
  /**
   * Keeps inputs, outputs or anything in between until the graph is freed. Changing one in place
   * before backward is an error there. The last call counts.
   */
  saveForBackward(...tensors: Tensor[]): void
  /** Declares outputs that have no gradient; integer and boolean ones have none anyway. */
  markNonDifferentiable(...outputs: Tensor[]): void
}

/** What defineFunction makes a function of. */
export interface FunctionDefinition<
  In extends unknown[],
  Out extends Tensor | readonly Tensor[],
  Data extends object,
> {
  /** Runs without recording. Must not change its inputs in place. */
  forward(context: FunctionContext<Data>, ...inputs: In): Out
  /**
   * The gradient of each input, given that of each output (zeros where nothing depends on it): one
   * entry an input, null or undefined for what is no tensor or needs none. The only input's may
   * stand alone. What it does is recorded under createGraph.
   */
  backward(
    context: FunctionContext<Data>,
    ...gradOutputs: Tensor[]
  ): MaybeTensor | readonly MaybeTensor[]
}

class Context<Data extends object> implements FunctionContext<Data> {
  readonly data = {} as Data
  readonly needsInputGrad: readonly boolean[]
  readonly constants = new Set<Tensor>()
  savedTensors: readonly Tensor[] = []

  constructor(inputs: readonly unknown[]) {
    this.needsInputGrad = inputs.map(input => isTensor(input) && (input as Tensor).requiresGrad)
  }

  saveForBackward(...tensors: Tensor[]): void {
    this.savedTensors = tensors
  }

  markNonDifferentiable(...outputs: Tensor[]): void {
    for (const output of outputs) this.constants.add(output)
  }

  /** What was saved, which the caller takes over. */
  takeSaved(): readonly Tensor[] {
    const saved = this.savedTensors
    this.savedTensors = []
    return saved
  }
}

/**
 * Makes a function of tensors (and anything else) whose derivative is `backward`. `name` is what
 * gradFn and messages call it.
 *
 * @example
 * const exp = defineFunction('Exp', {
 *   forward(context, x: Tensor) {
 *     const y = x.exp()
 *     context.saveForBackward(y)
 *     return y
 *   },
 *   backward: ({ savedTensors: [y] }, gradient) => gradient.mul(y),
 * })
 */
export function defineFunction<
  In extends unknown[],
  Out extends Tensor | readonly Tensor[],
  Data extends object = Record<string, unknown>,
>(name: string, definition: FunctionDefinition<In, Out, Data>): (...inputs: In) => Out {
  return (...inputs) =>
    tidy(() => {
      const context = new Context<Data>(inputs)
      const result = noGrad(() => definition.forward(context, ...inputs))
      if (!isGradEnabled() || !context.needsInputGrad.some(Boolean)) return result
      const outputs = (isTensor(result) ? [result] : result) as readonly Tensor[]
      const recorded = record(name, definition, context, inputs, outputs)
      return (isTensor(result) ? recorded[0] : recorded) as Out
    })
}

/** `outputs`, of which those that can have a gradient are made by `definition`. */
function record<In extends unknown[], Out extends Tensor | readonly Tensor[], Data extends object>(
  name: string,
  definition: FunctionDefinition<In, Out, Data>,
  context: Context<Data>,
  inputs: In,
  outputs: readonly Tensor[],
): Tensor[] {
  const varies = outputs.map(output => !context.constants.has(output) && hasGradient(output))
  const isInput = inputs.map(isTensor)
  const backward = (given: readonly (Tensor | null)[]) => {
    const gradients = given.values() as IterableIterator<Tensor>
    const gradOutputs = varies.map(varying => (varying ? gradients.next().value : null))
    context.savedTensors = [...gradients]
    try {
      const returned = definition.backward(context, ...(gradOutputs as Tensor[]))
      return checked(Array.isArray(returned) ? returned : [returned], isInput, name)
    } finally {
      context.takeSaved()
    }
  }
  const recorded = recordFunction(
    name,
    inputs.filter(isTensor) as Tensor[],
    outputs.filter((_, i) => varies[i]),
    context.takeSaved(),
    backward,
  ).values()
  return outputs.map((output, i) => (varies[i] ? (recorded.next().value as Tensor) : output))
}

const hasGradient = ({ dtype }: Tensor) => isFloatingPoint(dtype) || dtype.startsWith('complex')

/** The gradients of those inputs that are tensors. */
function checked(
  gradients: readonly MaybeTensor[],
  isInput: readonly boolean[],
  name: string,
): MaybeTensor[] {
  const stray = gradients.some((gradient, i) => gradient && !isInput[i])
  if (gradients.length !== isInput.length || stray)
    throw new ArgumentError(
      `Expected ${isInput.length} gradients from backward of ${name}, null for inputs that are no tensors, but received ${stray ? 'one for another value' : gradients.length}.`,
    )
  return gradients.filter((_, i) => isInput[i])
}

/**
 * `outputs` as made from `inputs` by one step of the graph. Its `backward` gets the gradients of the
 * outputs, then the tensors of `saved`, and returns a gradient for each input.
 */
export function recordFunction(
  name: string,
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  saved: readonly Tensor[],
  backward: (tensors: (Tensor | null)[]) => readonly MaybeTensor[],
): Tensor[] {
  if (tracing) noteCaller()
  attempt(name, inputs, () => {
    tape.rewind()
    for (const list of [inputs, outputs, saved]) tape.putArgument([...list])
    tape.reserveResults(3 + 2 * outputs.length)
    native.recordFunction(`${name}Backward`, callback(`backward of ${name}`, backward))
  })
  return readTensors() as Tensor[]
}
