// Gradients as a function, and the modes that decide what autograd records. Each mode holds for a
// function's duration and is restored whatever happens.
import { attemptPass, readTensors } from './call.ts'
import { refusePromise } from './errors.ts'
import { native } from './native.ts'
import * as tape from './tape.ts'
import type { Tensor } from './tensor.ts'

/** What {@link backward} and {@link grad} have in common. */
export interface PassOptions {
  /** Keep the graph for another pass. Default: the value of createGraph. */
  retainGraph?: boolean
  /** Record this pass too, for second derivatives. Default false. */
  createGraph?: boolean
}

/** Options of {@link backward}. */
export interface BackwardOptions extends PassOptions {
  /** Only these get their `.grad`, leaves or not. Default: every leaf that wants one. */
  inputs?: readonly Tensor[]
}

/** Options of {@link grad}. */
export interface GradOptions extends PassOptions {
  /** Gradients of the outputs, null for the default one, which needs a scalar output. */
  gradOutputs?: readonly (Tensor | null)[]
  /** Give null for inputs that the outputs do not depend on, instead of an error. Default false. */
  allowUnused?: boolean
}

/** Writes what native/autograd.cc calls a Pass. */
function putPass(
  outputs: readonly Tensor[],
  gradients: readonly (Tensor | null)[],
  inputs: readonly Tensor[],
  { createGraph = false, retainGraph = createGraph }: PassOptions,
  allowUnused: boolean,
): void {
  tape.rewind()
  for (const list of [outputs, gradients, inputs]) tape.putArgument([...list])
  for (const flag of [retainGraph, createGraph, allowUnused]) tape.putArgument(flag)
}

const listOf = <T>(one: T | readonly T[]): readonly T[] =>
  Array.isArray(one) ? (one as readonly T[]) : [one as T]

/**
 * Back-propagates from `outputs` into the `.grad` of the leaves that want one, where gradients add
 * up. `gradTensors` weighs the outputs: one of its shape for each, null for a scalar's default of 1.
 *
 * @throws TorchError when nothing was recorded, when the graph was freed by an earlier pass, or for
 *   an output of several elements without a gradient. What a hook throws goes on as it is.
 */
export function backward(
  outputs: Tensor | readonly Tensor[],
  gradTensors: Tensor | null | readonly (Tensor | null)[] = [],
  options: BackwardOptions = {},
): void {
  const { inputs = [] } = options
  attemptPass('backward', [outputs, gradTensors], () => {
    putPass(listOf(outputs), listOf(gradTensors), inputs, options, false)
    native.backward()
  })
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
  const { gradOutputs = [], allowUnused = false } = options
  attemptPass('grad', [outputs, inputs], () => {
    putPass(listOf(outputs), gradOutputs, inputs, options, allowUnused)
    tape.reserveResults(4 + 2 * inputs.length)
    native.grad()
  })
  return readTensors() as (Tensor | null)[]
}

function withGradMode<T>(enabled: boolean, work: () => T): T {
  const before = native.gradMode()
  native.setGradMode(enabled)
  try {
    const result = work()
    refusePromise(result, 'work')
    return result
  } finally {
    native.setGradMode(before)
  }
}

/** Whether operations on tensors that want a gradient are recorded now. */
export const isGradEnabled = (): boolean => native.gradMode()

/** Runs `work` without recording for backward: evaluation, updates of parameters. Synchronous. */
export const noGrad = <T>(work: () => T): T => withGradMode(false, work)

/** Undoes an enclosing noGrad for the duration of `work`. */
export const enableGrad = <T>(work: () => T): T => withGradMode(true, work)

/**
 * Runs `work` without autograd at all: nothing is recorded, and tensors made in it can never enter a
 * graph (saving one for backward is a TorchError), which spares the bookkeeping of views and
 * versions that noGrad keeps. For evaluation. Synchronous.
 */
export function inferenceMode<T>(work: () => T): T {
  inferenceDepth++
  try {
    return native.inference(() => {
      const result = work()
      refusePromise(result, 'work')
      return result
    })
  } finally {
    inferenceDepth--
  }
}

let inferenceDepth = 0

/** Whether inferenceMode is on. */
export const isInferenceModeEnabled = (): boolean => inferenceDepth > 0
