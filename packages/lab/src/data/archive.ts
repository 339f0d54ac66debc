// Reads .tar, .tar.gz and .tgz as a stream of files, trusting nothing: nothing is ever written to disk
// by a name from an archive, links and devices are skipped, sizes are capped.
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { DataError } from './errors.ts'

/** Larger entries are refused before they are read: no photograph or CIFAR batch comes near. */
const MAX_ENTRY_BYTES = 256 * 1024 * 1024

export interface ArchiveEntry {
  /** Path inside the archive, `/` between names, without a leading `./`. */
  path: string
  isDirectory: boolean
  /** Where the content starts in the unpacked archive, in bytes. */
  start: number
  /** Of the content, in bytes. */
  size: number
  /** The whole content; may be called before the next entry is asked for, and never after. */
  read(): Promise<Buffer>
}

export const isArchive = (path: string): boolean => /\.(tar|tar\.gz|tgz)$/i.test(path)

/** Whether the files inside can be read where they lie. */
export const isPlainTar = (path: string): boolean => /\.tar$/i.test(path)

/**
 * Files and folders of the archive at `path`, in the archive's order.
 *
 * @throws DataError naming the archive (and the entry) when it is damaged or unsafe
 */
export async function* readArchive(path: string): AsyncGenerator<ArchiveEntry, void, undefined> {
  const tar = extract()
  const stages = isPlainTar(path) ? [] : [createGunzip()]
  // A failure of any stage destroys `tar` with the same error, which ends the loop below.
  const flow = pipeline([
    createReadStream(path),
    ...stages,
    tar as unknown as NodeJS.WritableStream,
  ])
  flow.catch(() => {})
  try {
    for await (const entry of tar) {
      const { name, type, size } = entry.header
      const isDirectory = type === 'directory'
      if (isDirectory || type === 'file' || type === 'contiguous-file') {
        yield {
          path: confined(name, path),
          isDirectory,
          // tar-stream's headers know it, its types do not.
          start: (entry.header as typeof entry.header & { byteOffset: number }).byteOffset,
          size: size ?? 0,
          read: () => readWhole(entry, capped(size, name, path), path),
        }
      }
      entry.resume()
    }
    await flow
  } catch (error) {
    throw damaged(error, path)
  }
}

/** Our own refusals as they are; whatever zlib or tar-stream stumbled over as a damaged archive. */
function damaged(error: unknown, archive: string): DataError {
  if (error instanceof DataError) return error
  return new DataError(
    `Expected a whole archive for \`data\` but received a damaged one (${archive}: ${(error as Error).message}). Fetch it again.`,
    { cause: error },
  )
}

function confined(name: string, archive: string): string {
  const parts = name.split('/').filter(part => part !== '' && part !== '.')
  if (name.startsWith('/') || name.includes('\\') || name.includes('\0') || parts.includes('..')) {
    throw new DataError(
      `Expected names inside the archive but received ${JSON.stringify(name)} (${archive}). Do not use archives from this source.`,
    )
  }
  return parts.join('/')
}

function capped(size: number, name: string, archive: string): number {
  if (size <= MAX_ENTRY_BYTES) return size
  throw new DataError(
    `Expected files of at most ${MAX_ENTRY_BYTES / 2 ** 20} MiB but received ${name} of ${Math.round(size / 2 ** 20)} MiB (${archive}). Take it out of the archive.`,
  )
}

async function readWhole(
  stream: AsyncIterable<unknown>,
  size: number,
  archive: string,
): Promise<Buffer> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of stream) chunks.push(chunk as Buffer)
  } catch (error) {
    throw damaged(error, archive)
  }
  return Buffer.concat(chunks, size)
}
