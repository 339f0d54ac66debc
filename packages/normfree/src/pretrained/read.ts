// Weights out of a file, by its ending; names stay as they are.
import { loadNpz, loadPth, loadSafetensors } from '@normfree/torch'
import { WeightsError } from '../errors.ts'
import type { State } from './state.ts'

const READERS: Readonly<Record<string, (path: string) => State>> = {
  safetensors: loadSafetensors,
  npz: loadNpz,
  pth: path => loadPth(path, { stateDict: 'weights' }),
}
/** PyTorch's files go by many names. */
const PTH_ENDINGS = ['pth', 'pt', 'bin', 'tar']

/**
 * The tensors of a .safetensors, .npz or PyTorch file (.pth, .pt, .bin, .tar). Of a training
 * checkpoint, its `state_dict` or `model`.
 *
 * @throws WeightsError for another ending, FileFormatError for a file that is damaged or not there.
 */
export function readWeights(path: string): State {
  const ending = /\.(\w+)$/.exec(path)?.[1].toLowerCase() ?? ''
  const reader = READERS[PTH_ENDINGS.includes(ending) ? 'pth' : ending]
  if (reader) return reader(path)
  throw new WeightsError(
    `Expected a file that ends in .safetensors, .npz, .pth, .pt, .bin or .tar but received ${path}.`,
  )
}
