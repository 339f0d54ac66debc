// `caltech101:PATH`: Caltech-101 (Fei-Fei et al. 2004), photographs of 101 kinds of objects, 31 to 800 of
// each. The set has no official split; 30 of each kind for training and the others for testing is the
// custom that its authors began.
import { DataError } from './errors.ts'
import { openTree } from './folder.ts'
import { type FolderLayout, isImage, type SplitLayout } from './image-folder.ts'
import { permutation, Rng } from './rng.ts'
import { openTreeSet, sideOf } from './tree-set.ts'
import type { ImageData, LoadOptions } from './types.ts'

const PER_CLASS = 30
/** No kind of object, and left out of all published accuracies on 101 classes. */
const BACKGROUND = 'BACKGROUND_Google'
/** Class and image; neither is hidden. */
const INSIDE = /(?:^|\/)101_ObjectCategories\/([^/.][^/]*)\/([^/.][^/]*)$/
const AT_TOP = /^([^/.][^/]*)\/([^/.][^/]*)$/
const SPLIT_STREAM = 0xca17

/**
 * The set in the folder or archive at `path`: `101_ObjectCategories/CLASS/image_0001.jpg`. Which 30 images
 * of a class are for training is drawn from `seed` (default 0).
 *
 * @throws DataError when there are no classes, or one of them is too small
 */
export async function openCaltech101(path: string, options: LoadOptions): Promise<ImageData> {
  sideOf(options)
  const tree = await openTree(path)
  options.onProgress?.(0, 0, 'listing')
  const layout = layOut(await tree.list(options.signal), path, options.seed ?? 0)
  return openTreeSet(`caltech101:${path}`, tree, layout, options)
}

/** The classes in `101_ObjectCategories`, or at the top where `path` is that folder itself. */
function layOut(paths: readonly string[], where: string, seed: number): FolderLayout {
  const pattern = paths.some(path => INSIDE.test(path)) ? INSIDE : AT_TOP
  const classes = new Map<string, string[]>()
  for (const path of paths) {
    const [, name, file] = pattern.exec(path) ?? []
    if (!name || !file || name === BACKGROUND || !isImage(file)) continue
    classes.set(name, [...(classes.get(name) ?? []), path])
  }
  const names = [...classes.keys()].sort()
  const small = names.find(name => classes.get(name)!.length <= PER_CLASS)
  if (names.length > 0 && small === undefined) return splitClasses(names, classes, seed)
  throw new DataError(
    `Expected 101_ObjectCategories/CLASS/image.jpg with more than ${PER_CLASS} images a class for \`caltech101:PATH\` but received ${small === undefined ? 'no classes' : `${classes.get(small)!.length} in ${small}`} (${where}). Name the folder that holds it, or fetch it again.`,
  )
}

function splitClasses(
  names: readonly string[],
  classes: ReadonlyMap<string, readonly string[]>,
  seed: number,
): FolderLayout {
  const part = (from: number, to?: number): SplitLayout => {
    const chosen = names.map((name, label) => {
      const files = [...classes.get(name)!].sort()
      const order = permutation(files.length, new Rng(seed, SPLIT_STREAM, label))
      return [...order.slice(from, to).sort()].map(i => files[i]!)
    })
    return {
      paths: chosen.flat(),
      labels: Int32Array.from(chosen.flatMap((files, label) => files.map(() => label))),
    }
  }
  return { classes: [...names], train: part(0, PER_CLASS), test: part(PER_CLASS) }
}
