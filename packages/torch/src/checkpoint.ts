// torch.utils.checkpoint: activations that are computed again in backward instead of being kept.
import { bindAutocast } from './amp/autocast.ts'
import { enableGrad, isGradEnabled } from './autograd.ts'
import { isTensor } from './call.ts'
import { callback } from './callback.ts'
import { refusePromise } from './errors.ts'
import { native } from './native.ts'
import { getRngState, setRngState } from './random.ts'
import * as tape from './tape.ts'
import type { Tensor } from './tensor.ts'
import type { Device } from './types.ts'

/** Options of {@link checkpoint}. */
export interface CheckpointOptions {
  /**
   * Draw the same random numbers again when recomputing (dropout), from the default streams of the
   * CPU and of the inputs' devices. Default true; false spares keeping their state.
   */
  preserveRngState?: boolean
}

/** Stands for a tensor among the inputs: the graph keeps those, and gives them back. */
const TENSOR = Symbol('tensor')

/**
 * `work(...inputs)`, of which autograd keeps the inputs only: what it would have saved is computed
 * again when backward needs it, by calling `work` a second time, under the same autocast. Memory for
 * time. As PyTorch's checkpoint with useReentrant=false: works with `grad`, with inputs that want no
 * gradient, inside of another checkpoint.
 *
 * `work` must do the same both times. Tensors that it uses and that a scope may have released by
 * then belong among the inputs; parameters need not. Batch norm updates its statistics twice.
 *
 * @throws TorchError from backward when the second call saves more or fewer tensors than the first.
 * @example const y = checkpoint(x => block(x), [x])
 */
export function checkpoint<In extends unknown[], Out>(
  work: (...inputs: In) => Out,
  inputs: readonly [...In],
  { preserveRngState = true }: CheckpointOptions = {},
): Out {
  const call = (given: readonly unknown[]) => {
    const result = work(...(given as In))
    refusePromise(result, 'work')
    return result
  }
  if (!isGradEnabled()) return call(inputs)
  const tensors = inputs.filter(isTensor) as Tensor[]
  const plain = inputs.map(input => (isTensor(input) ? TENSOR : input))
  const devices = preserveRngState ? devicesOf(tensors) : []
  const underAutocast = bindAutocast()
  const recompute = callback('work', given => {
    const kept = given.values()
    const again = plain.map(input => (input === TENSOR ? kept.next().value : input))
    withRngStates(devices, [...kept] as Tensor[], () =>
      enableGrad(() => underAutocast(() => call(again))),
    )
    return []
  })
  const states = devices.map(device => getRngState(device))
  tape.rewind()
  tape.putArgument([...tensors, ...states])
  try {
    return native.checkpoint(() => call(inputs), recompute)
  } finally {
    for (const state of states) state.dispose()
  }
}

const devicesOf = (tensors: readonly Tensor[]): Device[] => [
  ...new Set<Device>(['cpu', ...tensors.map(({ device }) => device)]),
]

/** Runs `work` with the default streams of `devices` at `states`; they then go on as before. */
function withRngStates(
  devices: readonly Device[],
  states: readonly Tensor[],
  work: () => unknown,
): void {
  const before = devices.map(device => getRngState(device))
  try {
    for (const [i, device] of devices.entries()) setRngState(states[i], device)
    work()
  } finally {
    for (const [i, device] of devices.entries()) setRngState(before[i], device)
  }
}
