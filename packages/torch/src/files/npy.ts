// Tensors in NumPy's files: .npy holds one, .npz a zip file of named ones. Nothing in them is run:
// object arrays, which are pickles, are refused.
import { ArgumentError } from '../errors.ts'
import { tidy } from '../memory.ts'
import type { Tensor } from '../tensor.ts'
import { type ByteFile, replaceFile, withFile } from './byte-file.ts'
import { formatNpyHeader, headerReach, isNpyDtype, parseNpyHeader } from './npy-header.ts'
import { bytesOf, quoted, tensorOfArray } from './raw.ts'
import { readDirectory, readZipMember } from './zip-read.ts'
import { ZipWriter } from './zip-write.ts'

/**
 * Reads a .npy file onto the CPU, as `torch.from_numpy(numpy.load(path))` would: an array in Fortran
 * order gives a tensor with those strides. Big-endian numbers are swapped.
 *
 * @throws FileFormatError (an ArgumentError) that names the file and what is wrong with it, and for
 * dtypes that LibTorch lacks, such as objects, strings, dates and unsigned integers above 8 bits.
 */
export const loadNpy = (path: string): Tensor =>
  withFile(path, file => {
    const first = file.read(0, headerReach(file.size))
    const header = parseNpyHeader(first, file.size, file.refuse)
    const bytes = file.read(header.dataStart, header.bytes)
    return tidy(() => tensorOfArray(bytes, header, file, path))
  })

/**
 * Writes a tensor as .npy, atomically; row-major, little-endian, version 1.0.
 *
 * @throws ArgumentError for bfloat16, which NumPy does not have.
 */
export function saveNpy(path: string, tensor: Tensor): void {
  const header = headerOf(tensor, 'the tensor')
  replaceFile(path, append => {
    append(header)
    tidy(() => append(bytesOf(tensor)))
  })
}

/**
 * Reads every array of a .npz file, in the order of the file; names without their `.npy`.
 *
 * @throws FileFormatError as loadNpy does, and for members that are no .npy.
 */
export const loadNpz = (path: string): Map<string, Tensor> =>
  withFile(path, file => {
    const members = readDirectory(file)
    const other = members.find(({ name }) => !name.endsWith('.npy'))
    if (other) throw file.refuse('members that are .npy', quoted(other.name))
    return tidy(() => {
      const pairs = members.map(
        member =>
          [
            member.name.slice(0, -4),
            parseNpy(readZipMember(member, file), file, member.name),
          ] as const,
      )
      return new Map(pairs)
    })
  })

/** Options of {@link saveNpz}. */
export interface SaveNpzOptions {
  /** Deflate the arrays, as `numpy.savez_compressed` does. Default false. */
  compressed?: boolean
}

/**
 * Writes `tensors` as .npz, atomically; the same tensors give the same bytes.
 *
 * @throws ArgumentError for bfloat16, which NumPy does not have.
 */
export function saveNpz(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  { compressed = false }: SaveNpzOptions = {},
): void {
  const headers = Array.from(tensors, ([name, tensor]) => headerOf(tensor, quoted(name)))
  replaceFile(path, append => {
    const zip = new ZipWriter(append)
    for (const [i, [name, tensor]] of [...tensors].entries())
      tidy(() => zip.add(`${name}.npy`, [headers[i], bytesOf(tensor)], compressed))
    zip.finish()
  })
}

function headerOf({ dtype, shape }: Tensor, name: string): Uint8Array {
  if (isNpyDtype(dtype)) return formatNpyHeader(dtype, shape)
  throw new ArgumentError(
    `Expected a dtype that NumPy has for ${name} but received ${dtype}. Save .to('float32') of it.`,
  )
}

/** A whole .npy in memory, as a zip file's members are. */
function parseNpy(whole: Uint8Array, file: ByteFile, name: string): Tensor {
  const refuse: ByteFile['refuse'] = (expected, received, cause) =>
    file.refuse(`${expected} in member ${quoted(name)}`, received, cause)
  const header = parseNpyHeader(whole.subarray(0, headerReach(whole.length)), whole.length, refuse)
  return tensorOfArray(whole.subarray(header.dataStart), header, { ...file, refuse }, name)
}
