// `nyu:FILE`: NYU Depth v2's labelled set (Silberman et al. 2012), 1,449 images of rooms with a depth for
// each pixel. What is kept is where they lie; a batch reads its own.
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DataError } from '../errors.ts'
import { IMAGENET, sideOf } from '../tree-set.ts'
import type { DenseSet, ImageData, LoadOptions } from '../types.ts'
import { MatFileError, readMatArrays } from './mat-file.ts'
import { NyuFileError, openNyuFile } from './nyu-file.ts'

/** Laina et al. 2016 halve the images and take the middle 304 x 228 pixels. */
const WINDOW = { height: 228, aspect: 4 / 3, scale: 0.5 }

/** Without a list: of so many images in a row, the last `test` are for testing, about the official 45%. */
const HOLDOUT = { of: 20, test: 9 }

/** Numbers of images. */
type SplitNumbers = Record<'train' | 'test', number[]>

/**
 * The set in the file at `path` (`nyu_depth_v2_labeled.mat`), in windows of `imageSize` pixels by a third
 * more, of images made smaller in proportion. `splits.mat` beside it is the official split: 795 images for
 * training, 654 for testing; without it, of every 20 images in a row (neighbours show the same room) the
 * last 9 are test images, and the set's `note` says so.
 *
 * @throws DataError when the file or the split cannot be used
 */
export async function openNyu(
  path: string,
  { imageSize = WINDOW.height, corrupt = 'fail' }: LoadOptions,
): Promise<ImageData<DenseSet>> {
  const height = sideOf({ imageSize })
  const width = Math.round(height * WINDOW.aspect)
  const scale = (WINDOW.scale * height) / WINDOW.height
  const length = await lengthOf(path)
  const official = await officialSplit(join(dirname(path), 'splits.mat'), length)
  const { train, test } = official ?? heldOut(length, path)
  const setOf = (numbers: readonly number[]): DenseSet => ({
    ...{ length: numbers.length, maps: 'depths', corrupt },
    places: numbers.map(index => ({ kind: 'nyu', file: path, index, scale })),
  })
  return {
    ...{ name: `nyu:${path}`, classes: [], height, width },
    ...{ train: setOf(train), test: setOf(test) },
    ...(!official && { note: 'the last 9 of 20 images held out: no splits.mat beside the file' }),
    ...IMAGENET,
  }
}

async function lengthOf(path: string): Promise<number> {
  try {
    const file = await openNyuFile(path)
    file.close()
    return file.length
  } catch (cause) {
    if (!(cause instanceof NyuFileError)) throw cause
    throw new DataError(
      `Expected NYU Depth's labelled set for \`nyu:FILE\` but received ${cause.message} (${path}). Name nyu_depth_v2_labeled.mat, or fetch it again.`,
      { cause },
    )
  }
}

async function officialSplit(path: string, length: number): Promise<SplitNumbers | null> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return null
    throw unusable(path, cause.code ?? cause.message, cause)
  })
  if (!bytes) return null
  try {
    const arrays = readMatArrays(bytes)
    const numbers = (name: string) => (arrays.get(name) ?? []).map(number => number - 1)
    const split = { train: numbers('trainNdxs'), test: numbers('testNdxs') }
    const all = [...split.train, ...split.test]
    const known = (index: number) => Number.isInteger(index) && index >= 0 && index < length
    if (split.train.length === 0 || split.test.length === 0 || !all.every(known))
      throw unusable(path, `no trainNdxs and testNdxs from 1 to ${length}`)
    if (new Set(all).size < all.length) throw unusable(path, 'an image twice')
    return split
  } catch (cause) {
    throw cause instanceof MatFileError ? unusable(path, cause.message, cause) : cause
  }
}

const unusable = (path: string, what: string, cause?: unknown): DataError =>
  new DataError(
    `Expected NYU Depth's official split in splits.mat but received ${what} (${path}). Fetch it again, or remove it to hold images out without it.`,
    cause === undefined ? undefined : { cause },
  )

function heldOut(length: number, path: string): SplitNumbers {
  const numbers = Array.from({ length }, (_, i) => i)
  const isTest = (i: number) => i % HOLDOUT.of >= HOLDOUT.of - HOLDOUT.test
  const test = numbers.filter(isTest)
  if (test.length > 0) return { train: numbers.filter(i => !isTest(i)), test }
  throw new DataError(
    `Expected splits.mat beside a set of ${length} images for \`nyu:FILE\` but received none (${path}). Put it there.`,
  )
}
