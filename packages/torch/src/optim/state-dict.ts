// The form of an optimizer's state dict, and its way back into an optimizer.
import { noGrad } from '../autograd.ts'
import { ArgumentError } from '../errors.ts'
import { emptyLike } from '../generated/functions.ts'
import { keep } from '../memory.ts'
import type { Tensor } from '../tensor.ts'

/** State of one parameter under PyTorch's names (`exp_avg`); tensors are shaped like it. */
export type ParamState = Record<string, Tensor | number>

/** Options of a group, and the indices of its parameters. */
export type SavedGroup = { params: number[] } & Record<string, unknown>

/** PyTorch's layout: plain objects, arrays and numbers, with tensors at the leaves. */
export interface OptimizerStateDict {
  /** By the parameter's index over all groups; names are PyTorch's. */
  state: Record<number, ParamState>
  paramGroups: SavedGroup[]
}

type Groups = readonly { readonly params: readonly Tensor[] }[]

/** @throws ArgumentError when `dict` was not saved by an optimizer of such `groups`. */
export function checkFits(groups: Groups, { state, paramGroups }: OptimizerStateDict): void {
  const sizes = (of: readonly { params: readonly unknown[] }[]) => of.map(g => g.params.length)
  if (String(sizes(groups)) !== String(sizes(paramGroups)))
    throw new ArgumentError(
      `Expected the state of groups of ${sizes(groups)} parameters but received groups of ${sizes(paramGroups)}.`,
    )
  const all = groups.flatMap(({ params }) => params)
  for (const [index, entries] of Object.entries(state)) checkState(all, Number(index), entries)
}

function checkState(all: readonly Tensor[], index: number, entries: ParamState): void {
  const param = all[index]
  if (param === undefined)
    throw new ArgumentError(
      `Expected the state of ${all.length} parameters but received one for index ${index}.`,
    )
  for (const [name, value] of Object.entries(entries))
    if (typeof value !== 'number' && String(value.shape) !== String(param.shape))
      throw new ArgumentError(
        `Expected shape [${param.shape}] for \`${name}\` of parameter ${index} but received [${value.shape}].`,
      )
}

/** A copy of a saved state for `param`, that no scope owns. */
export const restored = (state: ParamState, param: Tensor): ParamState =>
  Object.fromEntries(
    Object.entries(state).map(([name, value]) => [
      name,
      typeof value === 'number' ? value : copyFor(param, value),
    ]),
  )

/** Laid out in memory as `param`, so that the same kernels run as before it was saved. */
const copyFor = (param: Tensor, saved: Tensor): Tensor =>
  noGrad(() => {
    const copy = emptyLike(param)
    copy.copy_(saved)
    return keep(copy)
  })

/** A copy of `tensor` as it is now, that no scope owns. */
export const snapshot = (tensor: Tensor): Tensor => noGrad(() => keep(tensor.clone()))
