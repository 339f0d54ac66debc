// What the files of this folder mean by weights.
import type { nn, Tensor } from '@normfree/torch'

/** Tensors by the dotted names of a state dict. */
export type State = ReadonlyMap<string, Tensor>

/** The dotted name of the last layer with parameters, the classifier in every model here. */
export function classifierOf(model: nn.Module): string {
  const names = Array.from(model.namedParameters(), ([name]) => name)
  return ownerOf(names[names.length - 1])
}

/** The name of the first convolution's kernel, which sees the image. */
export function firstKernelOf(model: nn.Module): string | undefined {
  for (const [name, { dim }] of model.namedParameters()) if (dim === 4) return name
  return undefined
}

const ownerOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf('.')))
