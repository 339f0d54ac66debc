// The form of a PyTorch file before 1.6: five pickles one after another (a magic number, a version,
// the system, the value, the keys of its storages), then each storage's length and elements.
// Format: torch/serialization.py, _legacy_save.
import type { ByteFile } from './byte-file.ts'
import { unpickle } from './pickle.ts'
import { kindOf, type PickleValue } from './pickle-value.ts'
import { MAX_PICKLE_BYTES, type PthArchive, pthWorld, type StorageSpec } from './pth-pickle.ts'
import { quoted } from './raw.ts'

const MAGIC = 0x1950a86a20f9469cfc6cn
const VERSION = 1001
const PROTOCOL = 0x80
const LENGTH_BYTES = 8

/** @throws FileFormatError when it is none. */
export function openLegacy(file: ByteFile): PthArchive {
  const bytes = file.read(0, Math.min(file.size, MAX_PICKLE_BYTES))
  if (bytes[0] !== PROTOCOL)
    throw file.refuse('a file of torch.save', 'one that is neither a zip file nor a pickle')
  const world = pthWorld(file.refuse)
  let at = 0
  const next = (): PickleValue => {
    const { value, end } = unpickle(bytes, at, world)
    at = end
    return value
  }
  if (next() !== MAGIC) throw file.refuse("torch.save's magic number", 'another pickle')
  const version = next()
  if (version !== VERSION) throw file.refuse(`version ${VERSION}`, 'another')
  const system = next()
  if (!(system instanceof Map) || system.get('little_endian') !== true)
    throw file.refuse('a file of a little-endian system', 'another')
  const value = next()
  const places = placeStorages(next(), at, world.storages, file)
  const readStorage = ({ key, bytes: length }: StorageSpec): Uint8Array =>
    file.read(places.get(key) as number, length)
  return { value, bigEndian: false, readStorage }
}

/** Where the elements of each storage begin. */
function placeStorages(
  keys: PickleValue,
  start: number,
  storages: ReadonlyMap<string, StorageSpec>,
  file: ByteFile,
): ReadonlyMap<string, number> {
  const places = new Map<string, number>()
  let at = start
  for (const key of Array.isArray(keys) ? keys : []) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined
    if (!storage || places.has(storage.key))
      throw file.refuse(
        'the keys of the storages, once each',
        storage ? quoted(storage.key) : kindOf(key),
      )
    const length = Buffer.from(file.read(at, LENGTH_BYTES)).readBigInt64LE()
    if (length !== BigInt(storage.numel))
      throw file.refuse(`${storage.numel} elements in storage ${quoted(storage.key)}`, `${length}`)
    places.set(storage.key, at + LENGTH_BYTES)
    at += LENGTH_BYTES + storage.bytes
  }
  const missing = [...storages.keys()].find(key => !places.has(key))
  if (missing !== undefined) throw file.refuse(`storage ${quoted(missing)}`, 'none')
  if (at > file.size) throw file.refuse(`storages up to byte ${at}`, `${file.size} bytes`)
  return places
}
