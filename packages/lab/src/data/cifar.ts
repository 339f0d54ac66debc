// `cifar10` and `cifar100`: the 60,000 colour images of Krizhevsky's CIFAR sets, binary versions, from
// their official page https://www.cs.toronto.edu/~kriz/cifar.html, which also gives the format and the
// checksums below.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isArchive, readArchive } from './archive.ts'
import { defaultCacheDir } from './cache.ts'
import { type DownloadSource, download } from './download.ts'
import { DataError } from './errors.ts'
import { channelStatistics, emptyImageSet } from './image-set.ts'
import type { ImageData, ImageSet, LoadOptions } from './types.ts'

const SIDE = 32
const PLANE = SIDE * SIDE
const PAGE = 'https://www.cs.toronto.edu/~kriz/'

/** One of the two sets: its files and their records. */
export interface CifarSet {
  /** The URI's scheme. */
  name: string
  /** For messages. */
  title: string
  archive: string
  source: DownloadSource
  train: RegExp
  test: RegExp
  /** For messages. */
  files: string
  /** Bytes before the pixels of a record; the last of them is the class. */
  labelBytes: number
  numClasses: number
  /** The classes, or the file of the archive that lists them. */
  classes: readonly string[] | string
}

export const CIFAR10: CifarSet = {
  name: 'cifar10',
  title: 'CIFAR-10',
  archive: 'cifar-10-binary.tar.gz',
  source: {
    baseUrl: PAGE,
    md5: { 'cifar-10-binary.tar.gz': 'c32a1d4ab5d03f1284b67883e8d87530' },
  },
  train: /^data_batch_\d+\.bin$/,
  test: /^test_batch\.bin$/,
  files: 'data_batch_*.bin and test_batch.bin',
  labelBytes: 1,
  numClasses: 10,
  classes: 'airplane automobile bird cat deer dog frog horse ship truck'.split(' '),
}

export const CIFAR100: CifarSet = {
  name: 'cifar100',
  title: 'CIFAR-100',
  archive: 'cifar-100-binary.tar.gz',
  source: {
    baseUrl: PAGE,
    md5: { 'cifar-100-binary.tar.gz': '03b5dce01913d631647c71ecec9e9cb8' },
  },
  train: /^train\.bin$/,
  test: /^test\.bin$/,
  files: 'train.bin and test.bin',
  // The superclass, then the class.
  labelBytes: 2,
  numClasses: 100,
  classes: 'fine_label_names.txt',
}

type Files = ReadonlyMap<string, Buffer>

const isOf =
  ({ train, test, classes }: CifarSet) =>
  (name: string): boolean =>
    train.test(name) || test.test(name) || name === classes

/** The set out of the cache, downloaded (162 MB) if it is not there. */
export async function downloadCifar(
  set: CifarSet,
  options: LoadOptions,
  source = set.source,
): Promise<ImageData<ImageSet>> {
  const { archive, name } = set
  const path = join(options.cacheDir ?? defaultCacheDir(), archive)
  const { onProgress, signal } = options
  const remedy = `Without a network, put ${archive} into a folder DIR and name it as \`${name}:DIR\`, or use \`synthetic\`.`
  const url = new URL(archive, source.baseUrl).href
  const task = { url, path, md5: source.md5[archive]!, remedy, onProgress, signal }
  await download(task, source.patience)
  return fromFiles(set, name, await filesOfArchive(set, path, signal), path)
}

/** The set out of the archive at `path`, or out of a folder that holds either the archive or its unpacked files. */
export async function loadCifar(
  set: CifarSet,
  path: string,
  options: LoadOptions,
): Promise<ImageData<ImageSet>> {
  const { name, archive, train, test } = set
  const uri = `${name}:${path}`
  const inArchive = async (file: string) =>
    fromFiles(set, uri, await filesOfArchive(set, file, options.signal), file)
  if (isArchive(path)) return inArchive(path)
  const names = await readdir(path).catch(cause => {
    throw new DataError(
      `Expected a folder for \`${name}:DIR\` but received ${path} (${cause.code}). Name one that holds ${archive} or its .bin files.`,
      { cause },
    )
  })
  const unpacked = names.some(file => train.test(file) || test.test(file))
  if (!unpacked && names.includes(archive)) return inArchive(join(path, archive))
  const files = new Map<string, Buffer>()
  for (const file of names.filter(isOf(set))) files.set(file, await readFile(join(path, file)))
  return fromFiles(set, uri, files, path)
}

async function filesOfArchive(set: CifarSet, path: string, signal?: AbortSignal): Promise<Files> {
  const files = new Map<string, Buffer>()
  const wanted = isOf(set)
  for await (const entry of readArchive(path)) {
    signal?.throwIfAborted()
    const name = entry.path.split('/').at(-1)!
    if (!entry.isDirectory && wanted(name)) files.set(name, await entry.read())
  }
  return files
}

function fromFiles(set: CifarSet, uri: string, files: Files, where: string): ImageData<ImageSet> {
  const train = packRecords(set, files, set.train, where)
  const test = packRecords(set, files, set.test, where)
  const size = { height: SIDE, width: SIDE }
  const classes = classesOf(set, files)
  return { name: uri, classes, ...size, train, test, ...channelStatistics(train.images) }
}

/** The names of the classes; their numbers where the list of names is not there. */
function classesOf({ classes, numClasses }: CifarSet, files: Files): readonly string[] {
  if (typeof classes !== 'string') return classes
  const lines = files.get(classes)?.toString('utf8').trim().split(/\s+/) ?? []
  return Array.from({ length: numClasses }, (_, i) => lines[i] ?? String(i))
}

/** Joins the files whose name fits, in the order of their names, into one set. */
function packRecords(set: CifarSet, files: Files, pattern: RegExp, where: string): ImageSet {
  const names = [...files.keys()].filter(name => pattern.test(name)).sort()
  if (names.length === 0) {
    const found = [...files.keys()].sort().join(', ') || 'neither'
    throw new DataError(
      `Expected ${set.files} of ${set.title} for \`${set.name}\` but received ${found} (${where}). Get ${set.archive} from ${PAGE}cifar.html.`,
    )
  }
  const labels = names.flatMap(name => labelsOf(set, files.get(name)!, join(where, name)))
  const images = emptyImageSet(Int32Array.from(labels), SIDE, where)
  const record = set.labelBytes + 3 * PLANE
  let image = 0
  for (const name of names) {
    const records = files.get(name)!
    for (let at = 0; at < records.length; at += record) {
      interleave(images.images, image++ * 3 * PLANE, records, at + set.labelBytes)
    }
  }
  return images
}

function labelsOf({ labelBytes, numClasses, title }: CifarSet, records: Buffer, path: string) {
  const record = labelBytes + 3 * PLANE
  if (records.length === 0 || records.length % record !== 0) {
    throw new DataError(
      `Expected records of ${record} bytes but received a file of ${records.length} bytes (${path}). Fetch it again.`,
    )
  }
  const labels = Array.from(
    { length: records.length / record },
    (_, i) => records[i * record + labelBytes - 1]!,
  )
  const strange = labels.findIndex(label => label >= numClasses)
  if (strange < 0) return labels
  throw new DataError(
    `Expected labels 0 to ${numClasses - 1} in ${title} but received ${labels[strange]} (image ${strange} of ${path}). Fetch it again.`,
  )
}

/** Three planes of a record (red, green, blue) to interleaved pixels. */
function interleave(out: Uint8Array, to: number, records: Buffer, from: number): void {
  for (let i = 0; i < PLANE; i++) {
    out[to + 3 * i] = records[from + i]!
    out[to + 3 * i + 1] = records[from + PLANE + i]!
    out[to + 3 * i + 2] = records[from + 2 * PLANE + i]!
  }
}
