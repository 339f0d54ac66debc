// Two passes over inputs of different sizes, laid over each other: what differs follows the size, and
// what may not differ shows that the graph would be right for one input only.
import { inModule } from '../module-path.ts'
import { OnnxExportError } from './errors.ts'
import { type Argument, Constant, type Step, type Trace, Value, Varying } from './trace.ts'

/**
 * Marks in `first` every size and number that is another one in `second`.
 *
 * @throws OnnxExportError when the passes did not run the same operators, or a tensor or flag that
 * should be constant was not.
 */
export function mergeTraces(first: Trace, second: Trace): void {
  mergeShapes(first.input, second.input)
  const last = first.steps.at(-1)
  for (const [i, step] of first.steps.entries()) {
    const other = second.steps[i]
    if (other?.operator !== step.operator || other.module !== step.module) throw otherPath(step)
    step.args = step.args.map((arg, k) => mergeArguments(step, arg, other.args[k]))
    for (const [k, output] of step.outputs.entries()) mergeShapes(output, other.outputs[k])
  }
  if (last && first.steps.length !== second.steps.length) throw otherPath(last)
}

const otherPath = ({ operator, module }: Step) =>
  new OnnxExportError(
    `Expected the same operators for inputs of any size but the passes part at ${operator}${inModule(module)}.`,
  )

function mergeShapes(first: Value, second: Value): void {
  first.shape = first.shape.map((size, i) => {
    const other = second.shape[i]
    if (size === other || typeof size !== 'number' || typeof other !== 'number') return size
    return new Varying(size, other)
  })
}

function mergeArguments(step: Step, first: Argument, second: Argument): Argument {
  if (isList(first) && isList(second) && first.length === second.length)
    return first.map((arg, i) => mergeArguments(step, arg, second[i]))
  if (first instanceof Value && second instanceof Value && first.index === second.index)
    return first
  if (first instanceof Constant && second instanceof Constant && sameData(first, second))
    return first
  if (Object.is(first, second)) return first
  if (typeof first === 'number' && typeof second === 'number') return new Varying(first, second)
  throw new OnnxExportError(
    `Expected weights and settings that no input changes but ${step.operator}${inModule(step.module)} was given others by another input.`,
  )
}

const isList = (arg: Argument): arg is readonly Argument[] => Array.isArray(arg)

const sameData = (first: Constant, second: Constant): boolean =>
  first.shape.join() === second.shape.join() &&
  Buffer.compare(bytesOf(first.data), bytesOf(second.data)) === 0

/** The memory of a typed array. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength)
