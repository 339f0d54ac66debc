// Tensors in safetensors files (github.com/huggingface/safetensors): what PyTorch's users exchange
// weights in, and what cannot hold code. A file is written whole or not at all, and a stranger's is
// judged by its header before any tensor is made; never is more allocated than the file is long.
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { callOperator } from './call.ts'
import { from } from './create.ts'
import { arrayFor } from './dtype.ts'
import { ArgumentError, SafetensorsError } from './errors.ts'
import { tidy } from './memory.ts'
import {
  elementBytes,
  formatHeader,
  headerLength,
  layOut,
  parseHeader,
  type SafetensorsEntry,
  type SafetensorsHeader,
} from './safetensors-header.ts'
import type { Tensor } from './tensor.ts'
import type { DType } from './types.ts'

/**
 * Writes `tensors` to `path`, atomically: readers see the file that was there before, or all of the
 * new one. Names keep their order; data are row-major, whatever the memory format or device.
 *
 * @param metadata strings to store beside the tensors.
 * @throws ArgumentError for complex tensors and for the name `__metadata__`, which the format reserves.
 */
export function saveSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const entries = layOut(Array.from(tensors, ([name, tensor]) => describe(name, tensor)))
  const header = formatHeader({ entries, metadata: new Map(Object.entries(metadata)) })
  const inOrder = entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)
  replaceFile(path, fd => {
    writeAll(fd, header)
    for (const { name } of inOrder) tidy(() => writeAll(fd, rawBytes(tensors.get(name) as Tensor)))
  })
}

/**
 * Reads every tensor of a file, in the order of its header, onto the CPU.
 *
 * @throws SafetensorsError (an ArgumentError) that names the file and what is wrong with it.
 * @example model.loadStateDict(loadSafetensors('weights.safetensors'))
 */
export function loadSafetensors(path: string): Map<string, Tensor> {
  return withFile(path, ({ fd, header, dataStart }) =>
    tidy(() => {
      const tensors = header.entries.map((entry): [string, Tensor] => {
        const bytes = new Uint8Array(entry.end - entry.begin)
        readAll(fd, bytes, dataStart + entry.begin, path)
        return [entry.name, tensorOf(entry, bytes, path)]
      })
      return new Map(tensors)
    }),
  )
}

/**
 * The strings that were stored beside the tensors. Reads the header alone.
 *
 * @throws SafetensorsError as loadSafetensors does.
 */
export const readSafetensorsMetadata = (path: string): ReadonlyMap<string, string> =>
  withFile(path, ({ header }) => header.metadata)

function describe(name: string, tensor: Tensor) {
  const { dtype, shape } = tensor
  const unit = elementBytes(dtype)
  if (unit === undefined)
    throw new ArgumentError(
      `Expected a dtype that safetensors has for tensor "${name}" but received ${dtype}. Save viewAsReal() of it.`,
    )
  if (name === '__metadata__')
    throw new ArgumentError(
      'Expected a tensor name other than "__metadata__", which the format reserves.',
    )
  return { name, dtype, shape, bytes: shape.reduce((product, size) => product * size, unit) }
}

/** The dtype of the same width in which JavaScript sees the bits of one that it has no array for. */
const carrier = (dtype: DType): DType =>
  arrayFor(dtype) && dtype !== 'bool' ? dtype : CARRIER[elementBytes(dtype) as 1 | 2]
const CARRIER = { 1: 'uint8', 2: 'int16' } as const

const reinterpret = (tensor: Tensor, dtype: DType): Tensor =>
  tensor.dtype === dtype ? tensor : (callOperator('aten::view', 'dtype', tensor, dtype) as Tensor)

function rawBytes(tensor: Tensor): Uint8Array {
  const plain = tensor.detach().to('cpu').contiguous()
  const { buffer, byteOffset, byteLength } = reinterpret(plain, carrier(tensor.dtype)).data()
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function tensorOf(
  { name, dtype, shape }: SafetensorsEntry,
  bytes: Uint8Array,
  path: string,
): Tensor {
  // LibTorch takes any other byte for a bool at its word, with results that differ by operator.
  if (dtype === 'bool' && bytes.some(byte => byte > 1))
    throw new SafetensorsError(path, `bytes 0 and 1 for bool tensor "${name}"`, 'others')
  const Type = arrayFor(carrier(dtype))
  if (!Type) throw new SafetensorsError(path, `a known dtype for tensor "${name}"`, dtype)
  return reinterpret(from(new Type(bytes.buffer as ArrayBuffer), shape), dtype)
}

interface OpenFile {
  fd: number
  header: SafetensorsHeader
  /** Offset of the first byte after the header. */
  dataStart: number
}

function withFile<T>(path: string, work: (file: OpenFile) => T): T {
  const fd = open(path)
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) throw new SafetensorsError(path, 'a regular file', 'something else')
    const first = new Uint8Array(Math.min(8, stat.size))
    readAll(fd, first, 0, path)
    const length = headerLength(first, stat.size, path)
    const text = new Uint8Array(length)
    readAll(fd, text, 8, path)
    const dataStart = 8 + length
    return work({ fd, header: parseHeader(text, stat.size - dataStart, path), dataStart })
  } finally {
    closeSync(fd)
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new SafetensorsError(path, 'a file that can be read', code, { cause: error })
  }
}

/** Node reads and writes fewer than 2^31 bytes at once. */
const piece = (bytes: number): number => Math.min(bytes, 1 << 30)

function readAll(fd: number, into: Uint8Array, position: number, path: string): void {
  for (let done = 0; done < into.length; ) {
    const count = readSync(fd, into, done, piece(into.length - done), position + done)
    if (count === 0)
      throw new SafetensorsError(path, `${into.length} bytes at ${position}`, `${done}`)
    done += count
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(fd, bytes, done, piece(bytes.length - done))
}

/** Writes a file beside `path` and renames it, so that no crash leaves half of one. */
function replaceFile(path: string, write: (fd: number) => void): void {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
  try {
    onDisk(openSync(draft, 'wx'), write)
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
  // The rename itself lasts once its folder is on disk.
  if (process.platform !== 'win32') onDisk(openSync(dirname(path), 'r'), () => {})
}

function onDisk(fd: number, write: (fd: number) => void): void {
  try {
    write(fd)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
