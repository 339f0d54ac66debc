// What a model is made of, module by module: what `normfree models NAME --tree` prints.
import { type nn, Tensor } from '@normfree/torch'
import { countParameters } from './inspect.ts'
import { ScaledActivation } from './layers/scaled-activation.ts'
import { ResidualBlock } from './models/residual-block.ts'
import { blankPass, withHooks } from './undisturbed.ts'

/** One module; they come in the order of their names, parents first. */
export interface TreeNode {
  /** Dotted name; '' for the model. */
  name: string
  /** Modules around it. */
  depth: number
  /** Its class. */
  kind: string
  /** How it is configured, as PyTorch prints it. */
  details: string
  /** Shape of what it puts out for one image, without the batch; null where it is not called. */
  output: number[] | null
  /** Trained values, those of the modules below included. */
  parameters: number
  /** Of a scaled activation: the expected standard deviation that it divides by. */
  beta: number | null
  /** Of a residual block: the variance that is expected of its output. */
  predictedVariance: number | null
}

/**
 * The tree of `model` for an image of `side` pixels a side. Shapes are those of a pass over no
 * images: nothing is computed.
 *
 * @param inChans channels of the image, default 3
 */
export function moduleTree(model: nn.Module, side: number, inChans = 3): TreeNode[] {
  const outputs = new Map<string, number[]>()
  const modules = [...model.namedModules()]
  const handles = modules.map(([name, module]) =>
    module.registerForwardHook((_, __, y: unknown) => {
      if (y instanceof Tensor) outputs.set(name, y.shape.slice(1))
    }),
  )
  withHooks(handles, () => blankPass(model, [inChans, side]))
  return modules.map(([name, module]) => ({
    name,
    depth: name === '' ? 0 : name.split('.').length,
    kind: module.constructor.name,
    details: module.extraRepr(),
    output: outputs.get(name) ?? null,
    parameters: countParameters(module),
    beta: module instanceof ScaledActivation ? module.beta : null,
    predictedVariance: module instanceof ResidualBlock ? module.position.predictedVariance : null,
  }))
}
