// Sizes of a model: parameters and multiply-accumulates.
import { nn, noGrad, type Tensor, tidy, zeros } from '@normfree/torch'
import { undisturbed } from './undisturbed.ts'

/** Number of trained values. */
export const countParameters = (model: nn.Module): number =>
  model.parameters().reduce((sum, parameter) => sum + parameter.numel, 0)

/**
 * Multiply-accumulates of the convolutions and linear layers for one image of 3 x side x side, what
 * the papers call FLOPs.
 */
export function countMacs(model: nn.Module, side: number): number {
  let macs = 0
  const count = (weight: Tensor, positions: number) => {
    macs += weight.numel * positions
  }
  const handles = [...model.namedModules()].flatMap(([, module]) => {
    if (module instanceof nn.Conv2d)
      return [
        module.registerForwardHook((m: nn.Conv2d, _, y: Tensor) =>
          count(m.weight, y.shape[2] * y.shape[3]),
        ),
      ]
    if (module instanceof nn.Linear)
      return [
        module.registerForwardHook((m: nn.Linear, _, y: Tensor) =>
          count(m.weight, y.numel / m.weight.shape[0]),
        ),
      ]
    return []
  })
  try {
    undisturbed(model, () => noGrad(() => tidy(() => void model.eval()(zeros([1, 3, side, side])))))
  } finally {
    for (const handle of handles) handle.remove()
  }
  return macs
}
