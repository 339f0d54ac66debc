// `folder:PATH`: an ImageFolder on disk or in a .tar, .tar.gz or .tgz. Reads the names first; then either
// decodes every image into its final place, or keeps in mind where each lies.
import { stat } from 'node:fs/promises'
import { isArchive } from './archive.ts'
import { decodeInto, type Slot } from './decode.ts'
import { DataError } from './errors.ts'
import { archiveTree, diskTree, type FileTree } from './file-tree.ts'
import { type FolderLayout, layOut, type SplitLayout } from './image-folder.ts'
import { channelStatistics, emptyImageSet, withoutImages } from './image-set.ts'
import type { FileSet, ImageData, ImageSet, LoadOptions, Triple } from './types.ts'

/** ImageNet's, which photographs are normalised with. */
const IMAGENET: { mean: Triple; std: Triple } = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
}

/** The folder or archive at `path`, packed or (`decode: each`) as photographs in files. */
export const openFolder = (path: string, options: LoadOptions): Promise<ImageData> =>
  options.decode === 'each' ? locateFolder(path, options) : loadFolder(path, options)

/** Loads the folder or archive at `path`; every image ends as `imageSize` x `imageSize` RGB. */
export async function loadFolder(path: string, options: LoadOptions): Promise<ImageData<ImageSet>> {
  const { tree, layout, side } = await survey(path, options)
  const sets = await packTree(tree, layout, side, options)
  return {
    ...describe(path, layout, side),
    ...sets,
    ...channelStatistics(sets.train.images),
  }
}

/** The folder or plain .tar at `path` with its images left where they are. */
async function locateFolder(path: string, options: LoadOptions): Promise<ImageData<FileSet>> {
  const { tree, layout, side } = await survey(path, options)
  const places = await tree.locate(options.signal)
  const filesOf = ({ paths, labels }: SplitLayout): FileSet => ({
    ...{ length: paths.length, labels, corrupt: options.corrupt ?? 'fail' },
    files: paths.map(name => places.get(name)!),
  })
  return {
    ...describe(path, layout, side),
    ...{ train: filesOf(layout.train), test: filesOf(layout.test) },
    ...IMAGENET,
  }
}

const describe = (path: string, { classes }: FolderLayout, side: number) => ({
  ...{ name: `folder:${path}`, classes, height: side, width: side },
})

async function survey(path: string, options: LoadOptions) {
  const side = options.imageSize ?? 32
  if (!Number.isInteger(side) || side < 1) {
    throw new DataError(
      `Expected a positive integer for \`imageSize\` but received ${side}. It is the side of an image in pixels.`,
    )
  }
  const tree = await openTree(path)
  options.onProgress?.(0, 0, 'listing')
  return { tree, side, layout: layOut(await tree.list(options.signal), path) }
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

type Splits = Pick<ImageData<ImageSet>, 'train' | 'test'>

/** Every image of the layout, decoded. */
async function packTree(
  tree: FileTree,
  layout: FolderLayout,
  side: number,
  options: LoadOptions,
): Promise<Splits> {
  const { onProgress, signal, corrupt } = options
  const train = emptyImageSet(layout.train.labels, side, tree.where)
  const test = emptyImageSet(layout.test.labels, side, tree.where)
  const slots = new Map([...slotsOf(layout.train, train), ...slotsOf(layout.test, test)])
  const empty = await decodeInto({
    files: tree.read(path => slots.has(path)),
    slotOf: path => slots.get(path)!,
    side,
    where: tree.where,
    onDecoded: done => onProgress?.(done, slots.size, 'decoding'),
    skips: corrupt === 'skip',
    signal,
  })
  if (empty.length > 0) onProgress?.(empty.length, slots.size, 'skipped as damaged')
  const left = (set: ImageSet) => {
    const gone = empty.filter(({ target }) => target === set.images).map(({ index }) => index)
    return withoutImages(set, gone, tree.where)
  }
  return { train: left(train), test: left(test) }
}

function* slotsOf(layout: SplitLayout, set: ImageSet): Generator<[string, Slot]> {
  const imageBytes = set.images.length / set.length
  for (const [index, path] of layout.paths.entries()) {
    yield [path, { target: set.images, offset: index * imageBytes, index }]
  }
}
