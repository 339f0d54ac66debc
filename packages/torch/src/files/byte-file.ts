// Files as bytes: opened, judged by their length and read at a position; written whole or not at
// all. What the bytes mean is for the formats beside this file.
import { constants } from 'node:buffer'
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
import { FileFormatError } from '../errors.ts'

type ErrorClass = new (
  path: string,
  expected: string,
  received: string,
  options?: ErrorOptions,
) => FileFormatError

/** A file open for reading; every refusal names it. */
export interface ByteFile {
  readonly path: string
  /** Bytes, when it was opened. */
  readonly size: number
  /**
   * The `length` bytes at `position`.
   *
   * @throws FileFormatError when the file ends before, without having allocated them.
   */
  read(position: number, length: number): Uint8Array
  /** An error that says what of this file is not as it should be. */
  refuse(expected: string, received: string, cause?: unknown): FileFormatError
}

/**
 * Opens `path` for `work` and closes it after.
 *
 * @param Refusal the class of the errors.
 * @throws FileFormatError when there is no such file or it is no regular one.
 */
export function withFile<T>(
  path: string,
  work: (file: ByteFile) => T,
  Refusal: ErrorClass = FileFormatError,
): T {
  const refuse = (expected: string, received: string, cause?: unknown) =>
    new Refusal(path, expected, received, { cause })
  const fd = open(path, refuse)
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) throw refuse('a regular file', 'something else')
    const read = (position: number, length: number) => {
      if (!(position >= 0 && length >= 0 && position + length <= stat.size))
        throw refuse(`${length} bytes at ${position}`, `a file of ${stat.size} bytes`)
      if (length > constants.MAX_LENGTH)
        throw refuse(`at most ${constants.MAX_LENGTH} bytes in one piece`, `${length}`)
      return readAll(fd, new Uint8Array(length), position, refuse)
    }
    return work({ path, size: stat.size, read, refuse })
  } finally {
    closeSync(fd)
  }
}

function open(path: string, refuse: ByteFile['refuse']): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    throw refuse('a file that can be read', code, error)
  }
}

/** Node reads and writes fewer than 2^31 bytes at once. */
const piece = (bytes: number): number => Math.min(bytes, 1 << 30)

function readAll(
  fd: number,
  into: Uint8Array,
  position: number,
  refuse: ByteFile['refuse'],
): Uint8Array {
  for (let done = 0; done < into.length; ) {
    const count = readSync(fd, into, done, piece(into.length - done), position + done)
    if (count === 0) throw refuse(`${into.length} bytes at ${position}`, `${done}`)
    done += count
  }
  return into
}

/** Appends to the file that is being written. */
export type Append = (bytes: Uint8Array) => void

/**
 * Writes a file beside `path` and renames it: readers see the file that was there before, or all of
 * the new one, and no crash leaves half of one.
 */
export function replaceFile(path: string, write: (append: Append) => void): void {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
  try {
    onDisk(openSync(draft, 'wx'), fd => write(bytes => writeAll(fd, bytes)))
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
  // The rename itself lasts once its folder is on disk.
  if (process.platform !== 'win32') onDisk(openSync(dirname(path), 'r'), () => {})
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(fd, bytes, done, piece(bytes.length - done))
}

function onDisk(fd: number, write: (fd: number) => void): void {
  try {
    write(fd)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
