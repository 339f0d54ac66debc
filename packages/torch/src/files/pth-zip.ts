// The zip form of a PyTorch file: NAME/data.pkl, and NAME/data/KEY for each storage. Members are
// stored as they are, as torch.save does: a file never unpacks to more than its length.
import type { ByteFile } from './byte-file.ts'
import { unpickle } from './pickle.ts'
import { MAX_PICKLE_BYTES, type PthArchive, pthWorld, type StorageSpec } from './pth-pickle.ts'
import { quoted } from './raw.ts'
import { readDirectory, readZipMember, type ZipMember } from './zip-read.ts'

const PICKLE = /^([^/]+\/)data\.pkl$/
const TORCHSCRIPT = /^[^/]+\/(?:constants\.pkl|code\/)/

/** @throws FileFormatError when it is none, or TorchScript, whose code nobody runs here. */
export function openZip(file: ByteFile): PthArchive {
  const members = new Map(readDirectory(file).map(member => [member.name, member]))
  const names = [...members.keys()]
  const pickle = names.find(name => PICKLE.test(name))
  if (pickle === undefined) throw file.refuse('NAME/data.pkl in the zip file', 'none')
  if (names.some(name => TORCHSCRIPT.test(name)))
    throw file.refuse('a file of torch.save', 'TorchScript: save its state_dict() instead')
  const prefix = pickle.slice(0, -'data.pkl'.length)
  const read = (name: string, most: number): Uint8Array => {
    const member = members.get(name)
    if (!member) throw file.refuse(`member ${quoted(name)}`, 'none')
    checkStored(member, most, file)
    return readZipMember(member, file)
  }
  const bigEndian =
    members.has(`${prefix}byteorder`) && isBigEndian(read(`${prefix}byteorder`, 16), file)
  const { value } = unpickle(read(pickle, MAX_PICKLE_BYTES), 0, pthWorld(file.refuse))
  const readStorage = ({ key, bytes }: StorageSpec): Uint8Array => {
    const data = read(`${prefix}data/${key}`, bytes)
    if (data.length === bytes) return data
    throw file.refuse(`${bytes} bytes in storage ${quoted(key)}`, `${data.length}`)
  }
  return { value, bigEndian, readStorage }
}

function checkStored({ name, compressed, size }: ZipMember, most: number, file: ByteFile): void {
  if (compressed)
    throw file.refuse(`member ${quoted(name)} stored, as torch.save does`, 'a compressed one')
  if (size > most) throw file.refuse(`at most ${most} bytes in member ${quoted(name)}`, `${size}`)
}

function isBigEndian(bytes: Uint8Array, file: ByteFile): boolean {
  const order = Buffer.from(bytes).toString('latin1')
  if (order === 'big' || order === 'little') return order === 'big'
  throw file.refuse('a byte order of little or big', quoted(order))
}
