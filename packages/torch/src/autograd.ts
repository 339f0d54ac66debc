// Gradients as a function, and the modes that decide what autograd records. Each mode holds for a
// function's duration and is restored whatever happens.
import { attempt, readTensors } from './call.ts'
import { refusePromise } from './errors.ts'
import { native } from './native.ts'
import * as tape from './tape.ts'
import type { Tensor } from './tensor.ts'

/** Options of {@link grad}. */
export interface GradOptions {
  /** Gradients of the outputs; default ones, which needs scalar outputs. */
  gradOutputs?: readonly Tensor[]
  /** Keep the graph for another pass. Default: the value of createGraph. */
  retainGraph?: boolean
  /** Record this pass too, for second derivatives. Default false. */
  createGraph?: boolean
  /** Give null for inputs that the outputs do not depend on, instead of an error. Default false. */
  allowUnused?: boolean
}

/**
 * Gradients of the sum of `outputs` with respect to `inputs`; `.grad` fields are left alone.
 *
 * @throws TorchError when an input was not used and `allowUnused` is not set, when nothing was
 * recorded, or when the graph was freed by an earlier pass.
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  options: GradOptions = {},
): (Tensor | null)[] {
  const {
    gradOutputs = [],
    createGraph = false,
    retainGraph = createGraph,
    allowUnused = false,
  } = options
  attempt('grad', [outputs, inputs], () => {
    tape.rewind()
    tape.putArgument(Array.isArray(outputs) ? outputs : [outputs])
    tape.putArgument([...gradOutputs])
    tape.putArgument([...inputs])
    tape.putArgument(retainGraph)
    tape.putArgument(createGraph)
    tape.putArgument(allowUnused)
    tape.reserveResults(4 + 2 * inputs.length)
    native.grad()
  })
  return readTensors() as (Tensor | null)[]
}

function withGradMode<T>(enabled: boolean, work: () => T): T {
  const before = native.setGradMode(enabled)
  try {
    const result = work()
    refusePromise(result, 'work')
    return result
  } finally {
    native.setGradMode(before)
  }
}

/** Runs `work` without recording for backward: evaluation, updates of parameters. Synchronous. */
export const noGrad = <T>(work: () => T): T => withGradMode(false, work)

/** Undoes an enclosing noGrad for the duration of `work`. */
export const enableGrad = <T>(work: () => T): T => withGradMode(true, work)

/**
 * Runs `work` without autograd at all: nothing is recorded, and tensors made in it can never enter a
 * graph (saving one for backward is a TorchError), which spares the bookkeeping of views and
 * versions that noGrad keeps. For evaluation. Synchronous.
 */
export const inferenceMode = <T>(work: () => T): T =>
  native.inference(() => {
    const result = work()
    refusePromise(result, 'work')
    return result
  })
