// PyTorch's own files (.pt, .pth: torch.save), both the zip form of 1.6 and later and the one before
// it. Their pickles are read by pickle.ts, which runs nothing; tensors are made once all is checked.
import { tidy } from '../memory.ts'
import type { Tensor } from '../tensor.ts'
import { type ByteFile, withFile } from './byte-file.ts'
import { kindOf, type PickleKey, type PickleValue } from './pickle-value.ts'
import { openLegacy } from './pth-legacy.ts'
import { type PthArchive, type StorageSpec, TensorSpec } from './pth-pickle.ts'
import { openZip } from './pth-zip.ts'
import { quoted, swapBytes, tensorOf } from './raw.ts'

/** What a PyTorch file may hold: tuples come as arrays, dicts as Maps, dtypes as their names. */
export type PthValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Tensor
  | PthValue[]
  | Map<PickleKey, PthValue>
  | Set<PickleKey>

/** Has {@link loadPth} give the state dict out of a file that may hold more. */
export interface LoadStateDictOptions {
  /**
   * Give the state dict alone, ready for `loadStateDict`: the file's root, or what it has under
   * `state_dict` or `model`; with 'ema' what it has under `state_dict_ema` or `model_ema`. The
   * prefixes `module.` and `_orig_mod.` of wrapped models are taken off. Nothing else is read.
   */
  stateDict: 'weights' | 'ema'
}

/**
 * Reads what `torch.save` has written, onto the CPU, and executes nothing: tensors, numbers, texts,
 * booleans, None, lists, tuples, dicts, sets, sizes and dtypes. Strides and storages that tensors
 * share are kept; no tensor wants a gradient.
 *
 * @throws FileFormatError (an ArgumentError) that names the file and what is wrong with it; anything
 * else that the pickle names is refused by that name, e.g. "refused: posix.system".
 * @example model.loadStateDict(loadPth('resnet50.pth', { stateDict: 'weights' }))
 */
export function loadPth(path: string, options: LoadStateDictOptions): Map<string, Tensor>
export function loadPth(path: string): PthValue
export function loadPth(path: string, options?: LoadStateDictOptions): PthValue {
  return withFile(path, file => {
    const archive = isZip(file) ? openZip(file) : openLegacy(file)
    const value = options ? findStateDict(archive.value, options, file) : archive.value
    return tidy(() => new Builder(archive, file).build(value))
  })
}

const isZip = (file: ByteFile): boolean =>
  file.size >= 4 && Buffer.from(file.read(0, 4)).toString('latin1') === 'PK\x03\x04'

/** Makes values of descriptions; what was shared stays shared. */
class Builder {
  readonly #archive: PthArchive
  readonly #file: ByteFile
  readonly #built = new Map<object, PthValue>()
  readonly #storages = new Map<StorageSpec, Tensor>()

  constructor(archive: PthArchive, file: ByteFile) {
    this.#archive = archive
    this.#file = file
  }

  /** Recursive: pickle.ts bounds the depth. */
  build(value: PickleValue): PthValue {
    if (typeof value !== 'object' || value === null) return value
    const known = this.#built.get(value)
    if (known !== undefined) return known
    const made = this.#make(value)
    this.#built.set(value, made)
    return made
  }

  #make(value: PickleValue & object): PthValue {
    if (value instanceof TensorSpec) {
      const { storage, size, stride, offset } = value
      return this.#storage(storage).asStrided(size, stride, offset)
    }
    if (value instanceof Set) return value
    if (Array.isArray(value)) return value.map(item => this.build(item))
    if (value instanceof Map)
      return new Map(Array.from(value, ([key, item]) => [key, this.build(item)]))
    throw this.#file.refuse('tensors and plain data', 'a class, a function or a bare storage')
  }

  #storage(storage: StorageSpec): Tensor {
    const known = this.#storages.get(storage)
    if (known) return known
    const bytes = this.#archive.readStorage(storage)
    if (this.#archive.bigEndian) swapBytes(bytes, storage.dtype)
    const flat = tensorOf(bytes, storage.dtype, [storage.numel], this.#file, storage.key)
    this.#storages.set(storage, flat)
    return flat
  }
}

/** Where training scripts keep a model's weights; the first that is there. */
const STATE_DICT_KEYS = {
  weights: ['state_dict', 'model'],
  ema: ['state_dict_ema', 'model_ema'],
} as const
/** What DistributedDataParallel and torch.compile put before every name. */
const WRAPPERS = ['module.', '_orig_mod.']

function findStateDict(
  root: PickleValue,
  { stateDict }: LoadStateDictOptions,
  file: ByteFile,
): Map<PickleKey, PickleValue> {
  if (!(root instanceof Map)) throw file.refuse('a dict in the file', kindOf(root))
  const keys = STATE_DICT_KEYS[stateDict]
  const key = keys.find(name => root.get(name) instanceof Map)
  if (key === undefined && stateDict === 'ema')
    throw file.refuse(`${keys.join(' or ')} in the file`, `the keys ${shortList(root.keys())}`)
  return withoutWrappers(checkStateDict(key === undefined ? root : root.get(key), file))
}

function checkStateDict(dict: PickleValue | undefined, file: ByteFile): Map<string, TensorSpec> {
  const entries = dict as Map<PickleKey, PickleValue>
  for (const [name, value] of entries)
    if (typeof name !== 'string' || !(value instanceof TensorSpec))
      throw file.refuse(
        'a state dict of names and tensors',
        `${kindOf(value)} as ${quoted(String(name))} among the keys ${shortList(entries.keys())}`,
      )
  return entries as Map<string, TensorSpec>
}

function withoutWrappers(dict: Map<string, TensorSpec>): Map<string, TensorSpec> {
  const names = [...dict.keys()]
  const wrapper = WRAPPERS.find(
    prefix => names.length > 0 && names.every(name => name.startsWith(prefix)),
  )
  if (!wrapper) return dict
  return withoutWrappers(
    new Map(Array.from(dict, ([name, spec]) => [name.slice(wrapper.length), spec])),
  )
}

function shortList(keys: Iterable<PickleKey>): string {
  const names = Array.from(keys, key => quoted(String(key)))
  return names.length > 6 ? `${names.slice(0, 6).join(', ')}, ...` : names.join(', ')
}
