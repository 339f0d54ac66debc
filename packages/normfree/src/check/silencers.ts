// The parameters that start at 0 and so silence a branch: SkipInit scalars, gains of a last
// convolution or norm, kernels of Fixup. Biases at 0 silence nothing.
import { type nn, noGrad, type Tensor, tidy } from '@normfree/torch'
import type { Block } from './blocks.ts'

/** Parameters of a block that are all zero, with their dotted names. */
export function silencersOf(model: nn.Module, { module }: Block): [string, Tensor][] {
  return [...model.namedParameters()].filter(
    ([name, parameter]) =>
      (module === '' || name.startsWith(`${module}.`)) &&
      !/bias[^.]*$/.test(name) &&
      isZero(parameter),
  )
}

const isZero = (parameter: Tensor): boolean =>
  noGrad(() => tidy(() => parameter.detach().abs().max().item() === 0))

/**
 * Runs `work` with the silent blocks opened: scalars and vectors that are 0 stand at 1 meanwhile.
 * Kernels stay: a kernel of ones would say nothing of the one that is learned.
 */
export function withOpened<T>(model: nn.Module, blocks: readonly Block[], work: () => T): T {
  const opened = blocks
    .filter(({ silent }) => silent)
    .flatMap(block => silencersOf(model, block))
    .map(([, parameter]) => parameter)
    .filter(({ shape }) => shape.filter(size => size > 1).length <= 1)
  const fill = (value: number) =>
    noGrad(() => {
      for (const parameter of opened) parameter.fill_(value)
    })
  fill(1)
  try {
    return work()
  } finally {
    fill(0)
  }
}
