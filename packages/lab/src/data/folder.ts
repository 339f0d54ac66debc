// `folder:PATH`: an ImageFolder on disk or in a .tar, .tar.gz or .tgz. Reads the names first, then decodes
// every image into its final place.
import { stat } from 'node:fs/promises'
import { isArchive } from './archive.ts'
import { decodeInto, type Slot } from './decode.ts'
import { DataError } from './errors.ts'
import { archiveTree, diskTree, type FileTree } from './file-tree.ts'
import { layOut, type SplitLayout } from './image-folder.ts'
import { channelStatistics, emptyImageSet } from './image-set.ts'
import type { ImageData, ImageSet, LoadOptions } from './types.ts'

/** Loads the folder or archive at `path`; every image ends as `imageSize` x `imageSize` RGB. */
export async function loadFolder(path: string, options: LoadOptions): Promise<ImageData> {
  const side = options.imageSize ?? 32
  if (!Number.isInteger(side) || side < 1) {
    throw new DataError(
      `Expected a positive integer for \`imageSize\` but received ${side}. It is the side of an image in pixels.`,
    )
  }
  const tree = await openTree(path)
  options.onProgress?.(0, 0, 'listing')
  const layout = layOut(await tree.list(options.signal), path)
  const train = emptyImageSet(layout.train.labels, side, path)
  const test = emptyImageSet(layout.test.labels, side, path)
  const slots = new Map([...slotsOf(layout.train, train), ...slotsOf(layout.test, test)])
  await decodeTree(tree, slots, side, options)
  return {
    name: `folder:${path}`,
    classes: layout.classes,
    height: side,
    width: side,
    train,
    test,
    ...channelStatistics(train.images),
  }
}

async function openTree(path: string): Promise<FileTree> {
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

function* slotsOf(layout: SplitLayout, set: ImageSet): Generator<[string, Slot]> {
  const imageBytes = set.images.length / set.length
  for (const [i, path] of layout.paths.entries()) {
    yield [path, { target: set.images, offset: i * imageBytes }]
  }
}

async function decodeTree(
  tree: FileTree,
  slots: ReadonlyMap<string, Slot>,
  side: number,
  { onProgress, signal }: LoadOptions,
): Promise<void> {
  await decodeInto({
    files: tree.read(path => slots.has(path)),
    slotOf: path => slots.get(path)!,
    side,
    where: tree.where,
    onDecoded: done => onProgress?.(done, slots.size, 'decoding'),
    signal,
  })
}
