// `shards:DIR`: tar files in the manner of WebDataset. The files of a sample stand side by side and share
// their name up to the first dot: an image (`7.jpg`) and its class number as text (`7.cls`).
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isArchive, isPlainTar, readArchive } from './archive.ts'
import { DataError } from './errors.ts'
import { type FileTree, inPlaceOnly, sizeAndTime } from './file-tree.ts'
import { type FolderLayout, isImage } from './image-folder.ts'
import { openTreeSet } from './tree-set.ts'
import type { FileRange, ImageData, LoadOptions } from './types.ts'

const TRAIN = /(^|\/)train/
const TEST = /(^|\/)(test|val)/

/**
 * The shards below `dir`: those whose path says `train` (`train-000.tar`, `train/000.tar`), and those of
 * `test` or `val`. Names of the classes, a line each, are read from `classes.txt` if it is there.
 */
export async function openShards(dir: string, options: LoadOptions): Promise<ImageData> {
  const names = await readdir(dir, { recursive: true }).catch(cause => {
    throw new DataError(
      `Expected a folder for \`shards:DIR\` but received ${dir} (${cause.code}). Name one that holds .tar files.`,
      { cause },
    )
  })
  const shards = names.map(name => name.replaceAll('\\', '/')).filter(isArchive)
  options.onProgress?.(0, 0, 'listing')
  const train = await indexOf(dir, shards.filter(name => TRAIN.test(name)).sort(), 'train', options)
  const test = await indexOf(dir, shards.filter(name => TEST.test(name)).sort(), 'test', options)
  const layout = await layoutOf(dir, train, test)
  return openTreeSet(`shards:${dir}`, shardTree(dir, [train, test]), layout, options)
}

/** The samples of one split. */
interface ShardIndex {
  shards: readonly string[]
  paths: string[]
  labels: number[]
  places: Map<string, FileRange>
}

/** The part of a path that the files of a sample share. */
const keyOf = (path: string): string => path.replace(/\.[^/]*$/, '')

const pathOf = (shard: string, member: string): string => `${shard}/${member}`

async function indexOf(
  dir: string,
  shards: readonly string[],
  split: string,
  { signal }: LoadOptions,
): Promise<ShardIndex> {
  const index: ShardIndex = { shards, paths: [], labels: [], places: new Map() }
  for (const shard of shards) await addShard(index, join(dir, shard), shard, signal)
  if (index.paths.length > 0) return index
  throw new DataError(
    `Expected shards of the ${split} split for \`shards:DIR\` but received ${shards.length} with no sample (${dir}). Name them ${split}-000.tar and so on, each sample as KEY.jpg and KEY.cls.`,
  )
}

async function addShard(
  index: ShardIndex,
  file: string,
  shard: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const images = new Map<string, string>()
  const classes = new Map<string, number>()
  for await (const entry of readArchive(file)) {
    signal?.throwIfAborted()
    if (entry.isDirectory) continue
    const { path, start, size } = entry
    if (isImage(path)) {
      images.set(keyOf(path), path)
      const place = { file, start, end: start + size, path: pathOf(shard, path) }
      index.places.set(place.path, place)
    } else if (path.endsWith('.cls')) {
      classes.set(keyOf(path), classNumber((await entry.read()).toString('latin1'), path, file))
    }
  }
  for (const [key, path] of images) {
    const label = classes.get(key)
    if (label === undefined) {
      throw new DataError(
        `Expected ${key}.cls beside ${path} for \`shards:DIR\` but received none (${file}). Add the class number as text.`,
      )
    }
    index.paths.push(pathOf(shard, path))
    index.labels.push(label)
  }
}

/** More classes than this are taken for a mistake. */
const MAX_CLASSES = 100_000

function classNumber(text: string, path: string, file: string): number {
  const value = Number(text.trim() || Number.NaN)
  if (Number.isInteger(value) && value >= 0 && value < MAX_CLASSES) return value
  throw new DataError(
    `Expected a class number from 0 in ${path} but received ${JSON.stringify(text.slice(0, 20))} (${file}). Write it as decimal digits.`,
  )
}

async function layoutOf(dir: string, train: ShardIndex, test: ShardIndex): Promise<FolderLayout> {
  const largest = [...train.labels, ...test.labels].reduce((a, b) => Math.max(a, b), 0)
  const names = await readFile(join(dir, 'classes.txt'), 'utf8').catch(() => '')
  const lines = names.trim().split(/\r?\n/)
  const split = ({ paths, labels }: ShardIndex) => ({ paths, labels: Int32Array.from(labels) })
  if (names !== '' && lines.length <= largest) {
    throw new DataError(
      `Expected a name for each of ${largest + 1} classes in classes.txt but received ${lines.length} (${dir}). Add the missing lines.`,
    )
  }
  const classes = names === '' ? Array.from({ length: largest + 1 }, (_, i) => String(i)) : lines
  return { classes, train: split(train), test: split(test) }
}

function shardTree(dir: string, splits: readonly ShardIndex[]): FileTree {
  const shards = [...new Set(splits.flatMap(split => split.shards))]
  return {
    where: dir,
    list: async () => splits.flatMap(({ paths }) => paths),
    fingerprint: async () =>
      (await Promise.all(shards.map(shard => sizeAndTime(join(dir, shard))))).join('\n'),
    async locate() {
      for (const shard of shards) if (!isPlainTar(shard)) throw inPlaceOnly(join(dir, shard))
      return new Map(splits.flatMap(({ places }) => [...places]))
    },
    async *read(wanted) {
      for (const shard of shards) {
        for await (const entry of readArchive(join(dir, shard))) {
          const path = pathOf(shard, entry.path)
          if (!entry.isDirectory && wanted(path)) yield { path, bytes: await entry.read() }
        }
      }
    },
  }
}
