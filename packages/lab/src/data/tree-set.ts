// A set out of encoded images in files or archives, once it is known which there are: either every image is
// decoded into its final place, or each one's place on disk is kept in mind.
import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import sharp from 'sharp'
import { defaultCacheDir } from './cache.ts'
import { decodeInto, type Slot } from './decode.ts'
import { DataError } from './errors.ts'
import type { FileTree } from './file-tree.ts'
import type { FolderLayout, SplitLayout } from './image-folder.ts'
import { channelStatistics, emptyImageSet, withoutImages } from './image-set.ts'
import { cachedPack, type PackKey, type Splits } from './pack-cache.ts'
import type { FileSet, ImageData, ImageSet, LoadOptions, Triple } from './types.ts'

/** ImageNet's, which photographs are normalised with. */
export const IMAGENET: { mean: Triple; std: Triple } = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
}

/** The images of `layout`, packed or (`decode: each`) as photographs in files. */
export const openTreeSet = (
  name: string,
  tree: FileTree,
  layout: FolderLayout,
  options: LoadOptions,
): Promise<ImageData> =>
  options.decode === 'each'
    ? locateTreeSet(name, tree, layout, options)
    : packTreeSet(name, tree, layout, options)

/** The images of `layout`, each as `imageSize` x `imageSize` RGB. */
export async function packTreeSet(
  name: string,
  tree: FileTree,
  layout: FolderLayout,
  options: LoadOptions,
): Promise<ImageData<ImageSet>> {
  const side = sideOf(options)
  const build = () => packTree(tree, layout, side, options)
  const sets = await (worthKeeping(layout)
    ? cachedPack(await cacheKey(tree, layout, side, options), tree.where, build)
    : build())
  return {
    ...{ name, classes: layout.classes, height: side, width: side },
    ...sets,
    ...channelStatistics(sets.train.images),
  }
}

/** Images from which on decoding takes longer than anyone likes to wait at each start. */
const KEPT_FROM = 1000

const worthKeeping = ({ train, test }: FolderLayout): boolean =>
  train.paths.length + test.paths.length >= KEPT_FROM

/** Where the packed set is kept, and all that it depends on. */
async function cacheKey(
  tree: FileTree,
  layout: FolderLayout,
  side: number,
  { cacheDir = defaultCacheDir(), corrupt = 'fail' }: LoadOptions,
): Promise<PackKey> {
  const hash = createHash('sha256').update(await tree.fingerprint())
  for (const { paths, labels } of [layout.train, layout.test])
    hash.update(paths.join('\n')).update(labels)
  const name = createHash('sha256').update(`${resolve(tree.where)}\n${side}\n${corrupt}`)
  return {
    file: join(cacheDir, 'packed', `${name.digest('hex').slice(0, 32)}.bin`),
    key: `${hash.digest('hex')} sharp ${sharp.versions.sharp} vips ${sharp.versions.vips}`,
    side,
  }
}

async function locateTreeSet(
  name: string,
  tree: FileTree,
  layout: FolderLayout,
  options: LoadOptions,
): Promise<ImageData<FileSet>> {
  const side = sideOf(options)
  const places = await tree.locate(options.signal)
  const filesOf = ({ paths, labels }: SplitLayout): FileSet => ({
    ...{ length: paths.length, labels, corrupt: options.corrupt ?? 'fail' },
    files: paths.map(path => places.get(path)!),
  })
  return {
    ...{ name, classes: layout.classes, height: side, width: side },
    ...{ train: filesOf(layout.train), test: filesOf(layout.test) },
    ...IMAGENET,
  }
}

/** Side of the images; known to be one before anything is read. */
export function sideOf({ imageSize: side = 32 }: LoadOptions): number {
  if (Number.isInteger(side) && side >= 1) return side
  throw new DataError(
    `Expected a positive integer for \`imageSize\` but received ${side}. It is the side of an image in pixels.`,
  )
}

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
