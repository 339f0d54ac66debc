// `folder:PATH`: an ImageFolder on disk or in a .tar, .tar.gz or .tgz.
import { stat } from 'node:fs/promises'
import { isArchive } from './archive.ts'
import { DataError } from './errors.ts'
import { archiveTree, diskTree, type FileTree } from './file-tree.ts'
import { layOut } from './image-folder.ts'
import { openTreeSet, packTreeSet, sideOf } from './tree-set.ts'
import type { ImageData, ImageSet, LoadOptions } from './types.ts'

/** The folder or archive at `path`, packed or (`decode: each`) as photographs in files. */
export async function openFolder(path: string, options: LoadOptions): Promise<ImageData> {
  const { name, tree, layout } = await survey(path, options)
  return openTreeSet(name, tree, layout, options)
}

/** Loads the folder or archive at `path`; every image ends as `imageSize` x `imageSize` RGB. */
export async function loadFolder(path: string, options: LoadOptions): Promise<ImageData<ImageSet>> {
  const { name, tree, layout } = await survey(path, options)
  return packTreeSet(name, tree, layout, options)
}

async function survey(path: string, options: LoadOptions) {
  const { onProgress, signal, holdout } = options
  sideOf(options)
  const tree = await openTree(path)
  onProgress?.(0, 0, 'listing')
  const layout = layOut(await tree.list(signal), path, holdout)
  return { name: `folder:${path}`, tree, layout }
}

/** @throws DataError when `path` is neither a folder nor an archive */
export async function openTree(path: string): Promise<FileTree> {
  const found = await stat(path).catch(cause => {
    throw new DataError(
      `Expected a folder or archive for \`folder:PATH\` but received ${path} (${cause.code ?? cause.message}). Check the path.`,
      { cause },
    )
  })
  if (found.isDirectory()) return diskTree(path)
  if (isArchive(path)) return archiveTree(path)
  throw new DataError(
    `Expected a folder or a .tar, .tar.gz or .tgz for \`folder:PATH\` but received a file of another kind (${path}). Unpack it first.`,
  )
}
