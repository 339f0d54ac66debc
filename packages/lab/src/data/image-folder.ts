// The layout of an ImageFolder: from a list of paths to classes and the place of every image. Pure, so
// that each thing that can be wrong with a folder is found before the first image is decoded.
import { DataError } from './errors.ts'

/** Images of one split in the order of the set: by class, then by path. */
export interface SplitLayout {
  paths: string[]
  labels: Int32Array
}

export interface FolderLayout {
  classes: string[]
  train: SplitLayout
  test: SplitLayout
}

const IMAGE = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i
/** Whether a path is that of an image, by its ending. */
export const isImage = (path: string): boolean => IMAGE.test(path)
const HIDDEN = /(^|\/)\./

/** Class name to the sorted paths of its images. */
type ClassFiles = Map<string, string[]>

/**
 * Finds `train/CLASS/image` and `test/CLASS/image` (or `val/`) among `paths`, either at the top or inside
 * one folder that stands there. Hidden files and files that are no images are passed over.
 *
 * @param paths - folders end in `/`
 * @param holdout - for a folder without splits, of CLASS/image alone: one image in so many is a test
 *   image, of each class in the order of paths
 * @throws DataError when a split is missing, a class is empty, or the splits disagree on the classes
 */
export function layOut(paths: readonly string[], where: string, holdout?: number): FolderLayout {
  const visible = [...new Set(paths)].filter(path => !HIDDEN.test(path))
  if (holdout !== undefined) return layOutHeldOut(visible, holdout, where)
  const root = rootOf(visible)
  const train = classFiles(visible, `${root}train/`)
  if (train.size === 0) throw missingSplit('train/CLASS/', 'train', where)
  const testName = visible.some(path => path.startsWith(`${root}test/`)) ? 'test' : 'val'
  const test = classFiles(visible, `${root}${testName}/`)
  if (test.size === 0) throw missingSplit('test/CLASS/ or val/CLASS/', 'test', where)
  const classes = [...train.keys()].sort()
  checkClasses(train, test, testName, where)
  return { classes, train: inOrder(classes, train), test: inOrder(classes, test) }
}

function layOutHeldOut(paths: readonly string[], holdout: number, where: string): FolderLayout {
  const images = paths.filter(isImage)
  const roots = new Set(images.map(path => /^([^/]+\/)[^/]+\/[^/]+/.exec(path)?.[1] ?? ''))
  const files = classFiles(images, roots.size === 1 ? [...roots][0]! : '')
  const classes = [...files.keys()].sort()
  const small = classes.find(name => files.get(name)!.length < holdout)
  if (classes.length === 0 || small !== undefined) {
    throw new DataError(
      `Expected folders of classes with at least ${holdout} images each for \`holdout=${holdout}\` but received ${small === undefined ? 'none' : `${files.get(small)!.length} in ${small}`} (${where}). Arrange it as CLASS/image.jpg or hold out fewer.`,
    )
  }
  const isHeldOut = (_: string, i: number) => i % holdout === holdout - 1
  const part = (held: boolean): ClassFiles =>
    new Map(
      classes.map(name => [
        name,
        files
          .get(name)!
          .sort()
          .filter((path, i) => isHeldOut(path, i) === held),
      ]),
    )
  return { classes, train: inOrder(classes, part(false)), test: inOrder(classes, part(true)) }
}

function missingSplit(wanted: string, split: string, where: string): DataError {
  return new DataError(
    `Expected images under ${wanted} for \`folder:PATH\` but received no ${split} folder with classes (${where}). Arrange it as train/CLASS/image.jpg and test/CLASS/image.jpg.`,
  )
}

/** `''`, or `name/` when the splits stand inside one folder, as in many archives. */
function rootOf(paths: readonly string[]): string {
  const roots = new Set(paths.map(path => /^([^/]+\/)?train\//.exec(path)?.[1] ?? ''))
  if (paths.some(path => path.startsWith('train/'))) return ''
  roots.delete('')
  const [only = ''] = roots
  return roots.size === 1 ? only : ''
}

function classFiles(paths: readonly string[], prefix: string): ClassFiles {
  const files: ClassFiles = new Map()
  for (const path of paths) {
    if (!path.startsWith(prefix)) continue
    const end = path.indexOf('/', prefix.length)
    if (end < 0) continue
    const name = path.slice(prefix.length, end)
    const ofClass = files.get(name) ?? []
    files.set(name, ofClass)
    if (isImage(path)) ofClass.push(path)
  }
  return files
}

function checkClasses(train: ClassFiles, test: ClassFiles, testName: string, where: string): void {
  for (const [split, other, files, others] of [
    ['train', testName, train, test],
    [testName, 'train', test, train],
  ] as const) {
    const alone = [...files.keys()].sort().find(name => !others.has(name))
    if (alone !== undefined) {
      throw new DataError(
        `Expected the same classes in train/ and ${testName}/ but received ${split}/${alone} without ${other}/${alone} (${where}). Add or remove that folder.`,
      )
    }
    const empty = [...files].sort().find(([, images]) => images.length === 0)
    if (empty) {
      throw new DataError(
        `Expected at least one image in each class but received none in ${split}/${empty[0]} (${where}). Add images (JPEG, PNG, WebP, GIF, TIFF or AVIF) or remove that folder.`,
      )
    }
  }
}

function inOrder(classes: readonly string[], files: ClassFiles): SplitLayout {
  const paths: string[] = []
  const labels: number[] = []
  classes.forEach((name, label) => {
    for (const path of files.get(name)!.sort()) {
      paths.push(path)
      labels.push(label)
    }
  })
  return { paths, labels: Int32Array.from(labels) }
}
