// Finds where a forward pass first produced NaN or infinity.
import { type nn, noGrad, Tensor, tidy } from '@normfree/torch'
import { residualBlocks } from './signal/taps.ts'
import { undisturbed, withHooks } from './undisturbed.ts'

/** The first module, in the order of computation, whose output was not finite. */
export interface NonFinite {
  /** Dotted name; '' for the model as a whole. */
  module: string
  /** The residual block around it, null when it stands in none. */
  block: string | null
}

/** Whether every element is finite. */
export const allFinite = (x: Tensor): boolean =>
  noGrad(() => tidy(() => x.detach().isfinite().all().item() === 1))

/**
 * Runs `model` on `input` in the mode it is in and names the first culprit; null when all is finite.
 * Running statistics are as before afterwards.
 */
export function findNonFinite(model: nn.Module, input: Tensor): NonFinite | null {
  let culprit: string | null = null
  const handles = [...model.namedModules()].map(([name, module]) =>
    module.registerForwardHook((_, __, output: unknown) => {
      if (culprit === null && output instanceof Tensor && !allFinite(output)) culprit = name
    }),
  )
  withHooks(handles, () => undisturbed(model, () => noGrad(() => tidy(() => void model(input)))))
  return culprit === null ? null : { module: culprit, block: blockAround(model, culprit) }
}

const blockAround = (model: nn.Module, module: string): string | null =>
  residualBlocks(model).find(([name]) => module === name || module.startsWith(`${name}.`))?.[0] ??
  null
