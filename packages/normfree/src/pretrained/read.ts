// Weights out of a file, by its ending; names stay as they are.
import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { loadNpz, loadNumpyPickle, loadPth, loadSafetensors } from '@normfree/torch'
import { WeightsError } from '../errors.ts'
import type { State } from './state.ts'

const READERS: Readonly<Record<string, (path: string) => State>> = {
  safetensors: loadSafetensors,
  npz: path => (isPickle(path) ? loadNumpyPickle(path) : loadNpz(path)),
  pth: path => loadPth(path, { stateDict: 'weights' }),
}
/** PyTorch's files go by many names. */
const PTH_ENDINGS = ['pth', 'pt', 'bin', 'tar']

/** The first byte of every pickle since protocol 2. */
const PICKLE = 0x80

/** DeepMind's .npz files are pickles. */
function isPickle(path: string): boolean {
  if (!existsSync(path)) return false
  const file = openSync(path, 'r')
  const first = new Uint8Array(1)
  readSync(file, first, 0, 1, 0)
  closeSync(file)
  return first[0] === PICKLE
}

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
