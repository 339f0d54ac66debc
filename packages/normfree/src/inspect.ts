// Sizes of a model: parameters and multiply-accumulates.
import { nn, noGrad, type Tensor, tidy, zeros } from '@normfree/torch'
import { undisturbed } from './undisturbed.ts'

/** Number of trained values. */
export const countParameters = (model: nn.Module): number =>
  model.parameters().reduce((sum, parameter) => sum + parameter.numel, 0)

/**
 * Multiply-accumulates of the convolutions and linear layers for one image of 3 x side x side, what
 * the papers call FLOPs. Only sizes are worked out, on a batch of no images: nothing is computed.
 */
export function countMacs(model: nn.Module, side: number): number {
  let macs = 0
  const count = (weight: Tensor, positions: readonly number[]) => {
    macs += positions.reduce((product, size) => product * size, weight.numel)
  }
  const handles = [...model.namedModules()].flatMap(([, module]) => {
    if (module instanceof nn.Conv2d || module instanceof nn.Conv1d)
      return [
        module.registerForwardHook((_, __, y: Tensor) => count(module.weight, y.shape.slice(2))),
      ]
    if (module instanceof nn.Linear)
      return [
        module.registerForwardHook((_, __, y: Tensor) =>
          count(module.weight, y.shape.slice(1, -1)),
        ),
      ]
    return []
  })
  try {
    undisturbed(model, () => noGrad(() => tidy(() => void model.eval()(zeros([0, 3, side, side])))))
  } finally {
    for (const handle of handles) handle.remove()
  }
  return macs
}
