// Looking at a model leaves no trace in it: whatever diagnostics run is run through here.
import { type nn, noGrad } from '@normfree/torch'

/** Runs `work` and puts the buffers and modes of `model` back as they were, also after a throw. */
export function undisturbed(model: nn.AnyModule, work: () => void): void {
  const modes = [...model.namedModules()].map(([, module]) => [module, module.training] as const)
  const saved = [...model.namedBuffers()].map(([, buffer]) => [buffer, buffer.clone()] as const)
  try {
    work()
  } finally {
    for (const [module, training] of modes) module.training = training
    noGrad(() => {
      for (const [buffer, copy] of saved) {
        buffer.copy_(copy)
        copy.dispose()
      }
    })
  }
}

/**
 * Samples in the smallest batch that `model` takes, for a pass of which only shapes are asked: none,
 * so that nothing is computed, but for kernels in channels_last, whose convolutions refuse such a
 * batch: one.
 */
export const smallestBatch = (model: nn.AnyModule): number =>
  model.parameters().every(parameter => parameter.isContiguous()) ? 0 : 1
