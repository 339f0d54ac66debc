// Tensors in safetensors files (github.com/huggingface/safetensors): what PyTorch's users exchange
// weights in, and what cannot hold code. A file is written whole or not at all, and a stranger's is
// judged by its header before any tensor is made; never is more allocated than the file is long.
import { resolve } from 'node:path'
import { callOperator } from '../call.ts'
import { ArgumentError, SafetensorsError } from '../errors.ts'
import { zeros } from '../generated/functions.ts'
import { keep, tidy } from '../memory.ts'
import type { Tensor } from '../tensor.ts'
import type { DType } from '../types.ts'
import { type ByteFile, replaceFile, withFile } from './byte-file.ts'
import { bytesOf, bytesOfShape, ELEMENT_BYTES, refuseBool, tensorOf } from './raw.ts'
import {
  elementBytes,
  formatHeader,
  headerLength,
  layOut,
  parseHeader,
  type SafetensorsEntry,
  type SafetensorsHeader,
} from './safetensors-header.ts'

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
  replaceFile(path, append => {
    append(header)
    for (const { name } of inOrder) tidy(() => append(bytesOf(tensors.get(name) as Tensor)))
  })
}

/**
 * Reads every tensor of a file, in the order of its header, onto the CPU.
 *
 * @throws SafetensorsError (an ArgumentError) that names the file and what is wrong with it.
 * @example model.loadStateDict(loadSafetensors('weights.safetensors'))
 */
export function loadSafetensors(path: string): Map<string, Tensor> {
  const load = (file: ByteFile) => {
    const { entries, dataStart } = readHeader(file)
    return tidy(() => {
      const tensors = entries.map((entry): [string, Tensor] => {
        const bytes = file.read(dataStart + entry.begin, entry.end - entry.begin)
        return [entry.name, tensorOf(bytes, entry.dtype, entry.shape, file, entry.name)]
      })
      return new Map(tensors)
    })
  }
  return withFile(path, load, SafetensorsError)
}

/**
 * The strings that were stored beside the tensors. Reads the header alone.
 *
 * @throws SafetensorsError as loadSafetensors does.
 */
export const readSafetensorsMetadata = (path: string): ReadonlyMap<string, string> =>
  withFile(path, readHeader, SafetensorsError).metadata

/**
 * Opens a file whose tensors are read where and when they are used: it is mapped into memory, and
 * opening one of any size costs its header alone.
 *
 * @throws SafetensorsError as loadSafetensors does.
 * @example
 * using file = openSafetensors('weights.safetensors')
 * const weight = file.get('fc.weight')
 */
export const openSafetensors = (path: string): SafetensorsFile =>
  withFile(path, openMapped, SafetensorsError)

/** What is known of a tensor before it is read. */
export interface SafetensorsTensorInfo {
  readonly dtype: DType
  readonly shape: readonly number[]
}

/** A safetensors file mapped into memory; made by openSafetensors. */
export class SafetensorsFile {
  readonly path: string
  /** Names of the tensors, in the order of the header. */
  readonly names: readonly string[]
  /** The strings that were stored beside the tensors. */
  readonly metadata: ReadonlyMap<string, string>
  readonly #entries: ReadonlyMap<string, SafetensorsEntry>
  readonly #refuse: ByteFile['refuse']
  readonly #dataStart: number
  /** All of the file, as uint8 of one dimension; null once closed. */
  #bytes: Tensor | null

  /** @internal */
  constructor(file: ByteFile, bytes: Tensor) {
    const { entries, metadata, dataStart } = readHeader(file)
    this.path = file.path
    this.names = entries.map(({ name }) => name)
    this.metadata = metadata
    this.#entries = new Map(entries.map(entry => [entry.name, entry]))
    this.#refuse = file.refuse
    this.#dataStart = dataStart
    this.#bytes = bytes
  }

  /** True when the file has a tensor of this name. */
  has(name: string): boolean {
    return this.#entries.has(name)
  }

  /**
   * Dtype and shape of a tensor, without reading it.
   *
   * @throws ArgumentError when there is none of this name.
   */
  info(name: string): SafetensorsTensorInfo {
    const { dtype, shape } = this.#entry(name)
    return { dtype, shape }
  }

  /**
   * A tensor over the mapped memory: its pages are read from the file when they are first touched,
   * and a write to it is seen by this process alone, never by the file. It stays valid after
   * close(). (A tensor that the file's writer did not align to its elements is copied.)
   *
   * While it lives the file must not be cut short: the system ends a process that reads mapped
   * memory which the file no longer has. Replacing the file, as saveSafetensors does, is harmless.
   *
   * @throws ArgumentError when there is no tensor of this name, or after close().
   */
  get(name: string): Tensor {
    const { dtype, shape, begin, end } = this.#entry(name)
    const bytes = this.#bytes
    if (!bytes)
      throw new ArgumentError(
        `Expected an open file for get(${JSON.stringify(name)}) but received one after close() (${this.path}).`,
      )
    if (begin === end) return zeros(shape, { dtype })
    return tidy(() => {
      const raw = bytes.narrow(0, this.#dataStart + begin, end - begin)
      if (dtype === 'bool' && raw.max().item() > 1) throw refuseBool({ refuse: this.#refuse }, name)
      const aligned = (this.#dataStart + begin) % ELEMENT_BYTES[dtype] === 0
      return (aligned ? raw : raw.clone()).view(dtype).view(shape)
    })
  }

  #entry(name: string): SafetensorsEntry {
    const entry = this.#entries.get(name)
    if (entry) return entry
    throw new ArgumentError(
      `Expected the name of one of the ${this.names.length} tensors but received ${JSON.stringify(name)} (${this.path}).`,
    )
  }

  /** Gives the memory map up, once the tensors that get() has returned are gone too. */
  close(): void {
    this.#bytes?.dispose()
    this.#bytes = null
  }

  /** The same as close(), for `using`. */
  [Symbol.dispose](): void {
    this.close()
  }
}

/** The header is read through the map too: `path` may name another file by the time it is mapped. */
function openMapped(file: ByteFile): SafetensorsFile {
  // An empty file cannot be mapped; the same refusal as loadSafetensors'.
  if (file.size === 0) readHeader(file)
  const bytes = mapFile(file)
  const read = (position: number, length: number) =>
    tidy(() => bytes.narrow(0, position, length).data() as Uint8Array)
  try {
    return new SafetensorsFile({ ...file, read }, bytes)
  } catch (error) {
    bytes.dispose()
    throw error
  }
}

/** A private map: LibTorch opens the file for reading, and what is written to the memory stays there. */
function mapFile({ path, size, refuse }: ByteFile): Tensor {
  try {
    const map = callOperator('aten::from_file', '', resolve(path), false, size, 'uint8')
    return keep(map as Tensor)
  } catch (error) {
    throw refuse('a file that can be mapped into memory', (error as Error).message, error)
  }
}

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
  return { name, dtype, shape, bytes: bytesOfShape(shape, unit) }
}

/** The header, and the offset of the first byte after it. */
function readHeader(file: ByteFile): SafetensorsHeader & { dataStart: number } {
  const { path, size } = file
  const length = headerLength(file.read(0, Math.min(8, size)), size, path)
  const dataStart = 8 + length
  return { ...parseHeader(file.read(8, length), size - dataStart, path), dataStart }
}
