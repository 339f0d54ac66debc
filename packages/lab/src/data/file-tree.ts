// One view of a folder on disk and of an archive: a list of paths, then the bytes of those wanted.
// Knows nothing of splits, classes or images.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { isPlainTar, readArchive } from './archive.ts'
import { DataError } from './errors.ts'
import type { FileRange } from './types.ts'

export interface TreeFile {
  path: string
  bytes: Uint8Array
}

export interface FileTree {
  /** The folder or archive, for messages. */
  readonly where: string
  /** Every file and folder, `/` between names, folders with a `/` at the end; in no particular order. */
  list(signal?: AbortSignal): Promise<string[]>
  /**
   * Every file's place on disk.
   *
   * @throws DataError for a compressed archive, whose files have none
   */
  locate(signal?: AbortSignal): Promise<Map<string, FileRange>>
  /** Changes whenever a file may have changed: sizes and times of modification. */
  fingerprint(): Promise<string>
  /** The files for which `wanted` holds, in the order that is quickest to read. */
  read(wanted: (path: string) => boolean): AsyncIterable<TreeFile>
}

/** What is wrong with a compressed archive whose files are wanted where they lie. */
export const inPlaceOnly = (archive: string): DataError =>
  new DataError(
    `Expected a folder or a .tar for \`decode=each\` but received a compressed archive (${archive}). Unpack it, or leave \`decode\` out.`,
  )

/** The files of a .tar, .tar.gz or .tgz. */
export function archiveTree(archive: string): FileTree {
  return {
    where: archive,
    async list(signal) {
      const paths: string[] = []
      for await (const { path, isDirectory } of readArchive(archive)) {
        signal?.throwIfAborted()
        paths.push(isDirectory ? `${path}/` : path)
      }
      return paths
    },
    fingerprint: () => sizeAndTime(archive),
    async locate(signal) {
      if (!isPlainTar(archive)) throw inPlaceOnly(archive)
      const files = new Map<string, FileRange>()
      for await (const { path, isDirectory, start, size } of readArchive(archive)) {
        signal?.throwIfAborted()
        if (!isDirectory) files.set(path, { file: archive, start, end: start + size, path })
      }
      return files
    },
    async *read(wanted) {
      for await (const entry of readArchive(archive)) {
        if (!entry.isDirectory && wanted(entry.path)) {
          yield { path: entry.path, bytes: await entry.read() }
        }
      }
    },
  }
}

/** The files below a folder; symbolic links to files are followed, those to folders are not. */
export function diskTree(root: string): FileTree {
  const list = async (): Promise<string[]> => {
    const entries = await readdir(root, { recursive: true, withFileTypes: true })
    return entries.map(entry => {
      const path = relative(root, join(entry.parentPath, entry.name)).split(sep).join('/')
      return entry.isDirectory() ? `${path}/` : path
    })
  }
  return {
    where: root,
    list,
    async fingerprint() {
      const files = (await list()).filter(path => !path.endsWith('/')).sort()
      const all = await Promise.all(files.map(path => sizeAndTime(join(root, path))))
      return all.join('\n')
    },
    async locate() {
      const files = (await list()).filter(path => !path.endsWith('/'))
      return new Map(files.map(path => [path, { file: join(root, path), path }]))
    },
    async *read(wanted) {
      for (const path of await list()) {
        if (!path.endsWith('/') && wanted(path)) {
          yield { path, bytes: await readable(join(root, path)) }
        }
      }
    },
  }
}

/** Of one file. */
export async function sizeAndTime(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined)
  return `${path} ${found?.size} ${found?.mtimeMs}`
}

function readable(path: string): Promise<Uint8Array> {
  return readFile(path).catch(cause => {
    throw new DataError(
      `Expected a readable file for \`data\` but received ${cause.code} (${path}). Check that it exists and may be read.`,
      { cause },
    )
  })
}
