// What a PyTorch checkpoint's pickle may name: tensors, storages, dtypes and sizes, as descriptions
// that are checked before any tensor is made. Reads no data.
import type { DType } from '../types.ts'
import {
  isPickleKey,
  kindOf,
  PickleFunction,
  type PickleKey,
  PickleObject,
  type PickleValue,
  type PickleWorld,
} from './pickle-value.ts'
import { bytesOfShape, ELEMENT_BYTES, MAX_DIMENSIONS, quoted } from './raw.ts'

/** `torch.FloatStorage` and its like. */
class StorageType extends PickleObject {
  readonly dtype: DType

  constructor(dtype: DType) {
    super()
    this.dtype = dtype
  }
}

/** A run of elements that tensors share. */
export class StorageSpec extends PickleObject {
  readonly key: string
  readonly dtype: DType
  readonly numel: number

  constructor(key: string, dtype: DType, numel: number) {
    super()
    this.key = key
    this.dtype = dtype
    this.numel = numel
  }

  get bytes(): number {
    return this.numel * ELEMENT_BYTES[this.dtype]
  }
}

/** A tensor: a window onto a storage, and inside it. */
export class TensorSpec extends PickleObject {
  readonly storage: StorageSpec
  readonly offset: number
  readonly size: readonly number[]
  readonly stride: readonly number[]

  constructor(
    storage: StorageSpec,
    offset: number,
    size: readonly number[],
    stride: readonly number[],
  ) {
    super()
    this.storage = storage
    this.offset = offset
    this.size = size
    this.stride = stride
  }
}

/** An open checkpoint: what its pickle says, and where the elements are. */
export interface PthArchive {
  readonly value: PickleValue
  readonly bigEndian: boolean
  /** The bytes of a storage, in a buffer of their own. */
  readStorage(storage: StorageSpec): Uint8Array
}

/** Far above what the description of any model takes. */
export const MAX_PICKLE_BYTES = 1 << 26

/** PyTorch's names of the typed storages. */
const STORAGES: Readonly<Record<string, DType>> = {
  DoubleStorage: 'float64',
  FloatStorage: 'float32',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  LongStorage: 'int64',
  IntStorage: 'int32',
  ShortStorage: 'int16',
  CharStorage: 'int8',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
  ComplexFloatStorage: 'complex64',
  ComplexDoubleStorage: 'complex128',
}

/** A world for one checkpoint, and the storages that its pickle has named. */
export function pthWorld(refuse: PickleWorld['refuse']): PickleWorld & {
  readonly storages: ReadonlyMap<string, StorageSpec>
} {
  const storages = new Map<string, StorageSpec>()
  const persistent = (id: PickleValue): PickleValue => storageOf(id, storages, refuse)
  return { globals: globalsOf(refuse), persistent, refuse, storages }
}

type Refuse = PickleWorld['refuse']

const globalsOf = (refuse: Refuse): ReadonlyMap<string, PickleValue> =>
  new Map<string, PickleValue>([
    ...Object.keys(ELEMENT_BYTES).map(dtype => [`torch.${dtype}`, dtype] as const),
    ...Object.entries(STORAGES).map(
      ([name, dtype]) => [`torch.${name}`, new StorageType(dtype)] as const,
    ),
    ['torch.Size', new PickleFunction(args => sizesOf(args[0], 'sizes', refuse))],
    ['collections.OrderedDict', new PickleFunction(args => orderedDict(args, refuse))],
    ['builtins.set', new PickleFunction(args => setOf(args, refuse))],
    ['torch._utils._rebuild_tensor', new PickleFunction(args => tensorSpec(args, refuse))],
    ['torch._utils._rebuild_tensor_v2', new PickleFunction(args => tensorSpec(args, refuse))],
    ['torch._utils._rebuild_parameter', new PickleFunction(args => parameter(args, refuse))],
  ])

/** Persistent ids are `('storage', type, key, location, numel)`, with a view before PyTorch 1.6. */
function storageOf(id: PickleValue, known: Map<string, StorageSpec>, refuse: Refuse): StorageSpec {
  const fields = Array.isArray(id) ? id : []
  const [kind, type, key, , numel, view = null] = fields
  if (kind !== 'storage' || !(type instanceof StorageType) || typeof key !== 'string')
    throw refuse('the persistent id of a storage', kindOf(id))
  if (!isSize(numel)) throw refuse(`a length of storage ${quoted(key)}`, shown(numel))
  if (view !== null) throw refuse(`storage ${quoted(key)} whole`, 'a view of another')
  const storage = known.get(key) ?? new StorageSpec(key, type.dtype, numel)
  if (storage.dtype !== type.dtype || storage.numel !== numel)
    throw refuse(`storage ${quoted(key)} the same each time`, `${type.dtype} of ${numel}`)
  known.set(key, storage)
  return storage
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, ...)`: whether it wants gradients is left out. */
function tensorSpec(args: readonly PickleValue[], refuse: Refuse): TensorSpec {
  const [storage, offset] = args
  if (!(storage instanceof StorageSpec)) throw refuse('a tensor of a storage', kindOf(storage))
  const size = sizesOf(args[2], 'sizes', refuse)
  const stride = sizesOf(args[3], 'strides', refuse)
  if (!isSize(offset)) throw refuse('an offset into a storage', shown(offset))
  const where = `storage ${quoted(storage.key)} of ${storage.numel}`
  if (size.length !== stride.length) throw refuse('a stride for each size', `${stride.length}`)
  if (Number.isNaN(bytesOfShape(size, ELEMENT_BYTES[storage.dtype])))
    throw refuse('a shape with fewer elements', `[${size}]`)
  // One beyond the last element that the tensor reaches.
  const span = size.reduce((sum, n, i) => sum + Math.max(n - 1, 0) * stride[i], offset)
  const end = size.includes(0) ? offset : span + 1
  if (end > storage.numel) throw refuse(`a tensor within ${where}`, `one that ends at ${end}`)
  return new TensorSpec(storage, offset, size, stride)
}

function parameter([data]: readonly PickleValue[], refuse: Refuse): TensorSpec {
  if (data instanceof TensorSpec) return data
  throw refuse('a tensor as parameter', kindOf(data))
}

/** `OrderedDict()`, which is filled later, or `OrderedDict([[key, value], ...])` of Python 2. */
function orderedDict(args: readonly PickleValue[], refuse: Refuse): PickleValue {
  const [pairs = []] = args
  if (!Array.isArray(pairs)) throw refuse('the pairs of an ordered dict', kindOf(pairs))
  const dict = new Map<PickleKey, PickleValue>()
  for (const pair of pairs) {
    const [key, value] = Array.isArray(pair) ? pair : []
    if (value === undefined || !isPickleKey(key)) throw refuse('a key and a value', kindOf(pair))
    dict.set(key, value)
  }
  return dict
}

function setOf(args: readonly PickleValue[], refuse: Refuse): PickleValue {
  const [items = []] = args
  if (!Array.isArray(items) || !items.every(isPickleKey))
    throw refuse('plain items of a set', 'others')
  return new Set(items)
}

const isSize = (value: PickleValue | undefined): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0

function sizesOf(value: PickleValue | undefined, what: string, refuse: Refuse): number[] {
  const sizes: PickleValue[] = Array.isArray(value) ? value : [null]
  if (sizes.length <= MAX_DIMENSIONS && sizes.every(isSize)) return sizes
  throw refuse(`at most ${MAX_DIMENSIONS} whole numbers as ${what}`, shown(value))
}

const shown = (value: PickleValue | undefined): string =>
  typeof value === 'number' || typeof value === 'bigint' ? `${value}` : kindOf(value ?? null)
