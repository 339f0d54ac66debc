// Sizes of a model: parameters and multiply-accumulates.
import { nn, noGrad, type Tensor, tidy, zeros } from '@normfree/torch'
import { createModel, modelEntry } from './registry.ts'
import { smallestBatch, undisturbed } from './undisturbed.ts'

/** What a model of the registry costs. */
export interface ModelCost {
  parameters: number
  /** Multiply-accumulates for one image. */
  macs: number
}

/**
 * The cost of the registry's model `name` for an image of `side` pixels a side (default: the
 * registry's resolution). No weight is drawn and nothing computed, so that it takes milliseconds at
 * any size.
 *
 * @throws UnknownModelError for a name that the registry does not have.
 */
export function modelCost(name: string, side = modelEntry(name).resolution): ModelCost {
  const model = nn.utils.skipInit(() => createModel(name))
  const cost = { parameters: countParameters(model), macs: countMacs(model, side) }
  for (const tensor of model.stateDict().values()) tensor.dispose()
  return cost
}

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
  const batch = [smallestBatch(model), 3, side, side]
  try {
    undisturbed(model, () => noGrad(() => tidy(() => void model.eval()(zeros(batch)))))
  } finally {
    for (const handle of handles) handle.remove()
  }
  return macs
}
