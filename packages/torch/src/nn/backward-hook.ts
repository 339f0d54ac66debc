// Hooks that see the gradients going through a module: its call is set between two steps of the
// graph that change nothing, one at the inputs and one at the outputs.

import { isGradEnabled } from '../autograd.ts'
import { isTensor } from '../call.ts'
import type { MaybeTensor } from '../callback.ts'
import { ArgumentError } from '../errors.ts'
import { recordFunction } from '../function.ts'
import { keep } from '../memory.ts'
import type { Tensor } from '../tensor.ts'
import { Scope, TensorBase } from '../tensor-base.ts'

/**
 * Sees the gradients of the inputs and of the outputs, null for what has none; a returned array
 * replaces those of the inputs. It runs in a scope of its own.
 */
export type BackwardHook<M> = (
  module: M,
  gradInput: (Tensor | null)[],
  gradOutput: (Tensor | null)[],
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook that only looks returns nothing
) => readonly MaybeTensor[] | void

/** Calls `forward` on `inputs`, with `hooks` in the graph. */
export function withBackwardHooks<M, In extends unknown[], Out>(
  module: M,
  hooks: readonly BackwardHook<M>[],
  inputs: In,
  forward: (inputs: In) => Out,
): Out {
  const varies = inputs.map(input => isTensor(input) && (input as Tensor).requiresGrad)
  const hasInputs = varies.some(Boolean) && isGradEnabled()
  // Kept from the step at the outputs to that at the inputs, which comes later in the same pass.
  let gradOutput: (Tensor | null)[] = []
  const runHooks = (gradients: (Tensor | null)[]): readonly MaybeTensor[] => {
    const given = gradients.values()
    let gradInput = varies.map(varying =>
      varying && hasInputs ? (given.next().value ?? null) : null,
    )
    for (const gradient of gradOutput) if (gradient) TensorBase.move(gradient, Scope.current)
    for (const hook of hooks) gradInput = replaced(hook(module, gradInput, gradOutput), gradInput)
    gradOutput = []
    return gradInput.filter((_, i) => varies[i])
  }
  const entered = hasInputs ? passThroughGraph(inputs, varies, runHooks) : inputs
  return exitThroughGraph(forward(entered as In), gradients => {
    gradOutput = keep(gradients)
    if (!hasInputs) runHooks([])
    return gradients
  })
}

/** `values` where those marked come out of a step whose backward is `backward`. */
function passThroughGraph(
  values: readonly unknown[],
  marked: readonly boolean[],
  backward: (gradients: (Tensor | null)[]) => readonly MaybeTensor[],
): unknown[] {
  const tensors = values.filter((_, i) => marked[i]) as Tensor[]
  const made = recordFunction('BackwardHook', tensors, tensors, [], backward).values()
  return values.map((value, i) => (marked[i] ? made.next().value : value))
}

function exitThroughGraph<Out>(
  output: Out,
  backward: (gradients: (Tensor | null)[]) => readonly MaybeTensor[],
): Out {
  const outputs: readonly unknown[] = Array.isArray(output) ? output : [output]
  if (!outputs.every(isTensor))
    throw new ArgumentError(
      'Expected a tensor or an array of tensors from the forward of a module with backward hooks but received something else. Remove the hook, or return tensors.',
    )
  const varies = outputs.map(tensor => (tensor as Tensor).requiresGrad)
  if (!varies.some(Boolean)) return output
  const every = (gradients: (Tensor | null)[]) => {
    const given = gradients.values()
    const all = varies.map(varying => (varying ? (given.next().value ?? null) : null))
    return backward(all).filter((_, i) => varies[i])
  }
  const made = passThroughGraph(outputs, varies, every)
  return (Array.isArray(output) ? made : made[0]) as Out
}

function replaced(
  // biome-ignore lint/suspicious/noConfusingVoidType: as above
  returned: readonly MaybeTensor[] | void,
  gradients: (Tensor | null)[],
): (Tensor | null)[] {
  if (!returned) return gradients
  if (returned.length !== gradients.length)
    throw new ArgumentError(
      `Expected ${gradients.length} gradients from a backward hook, one for each input, but received ${returned.length}.`,
    )
  return returned.map(gradient => gradient ?? null)
}
