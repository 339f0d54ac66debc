// `cifar10`: the 60,000 colour images of Krizhevsky's CIFAR-10, binary version, from its official page
// https://www.cs.toronto.edu/~kriz/cifar.html, which also gives the format and the checksum below.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isArchive, readArchive } from './archive.ts'
import { defaultCacheDir } from './cache.ts'
import { type DownloadPatience, download } from './download.ts'
import { DataError } from './errors.ts'
import { channelStatistics, emptyImageSet } from './image-set.ts'
import type { ImageData, ImageSet, LoadOptions } from './types.ts'

const ARCHIVE = 'cifar-10-binary.tar.gz'
const SIDE = 32
const PLANE = SIDE * SIDE
const RECORD = 1 + 3 * PLANE
const TRAIN_FILE = /^data_batch_\d+\.bin$/
const TEST_FILE = /^test_batch\.bin$/
const CLASSES = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ')

const isBatch = (name: string): boolean => TRAIN_FILE.test(name) || TEST_FILE.test(name)

/** Where the archive comes from; a parameter only so that tests can serve their own. */
export interface CifarSource {
  baseUrl: string
  md5: string
  patience?: DownloadPatience
}

export const OFFICIAL: CifarSource = {
  baseUrl: 'https://www.cs.toronto.edu/~kriz/',
  md5: 'c32a1d4ab5d03f1284b67883e8d87530',
}

/** The set out of the cache, downloaded (162 MB) if it is not there. */
export async function downloadCifar10(
  options: LoadOptions,
  source: CifarSource = OFFICIAL,
): Promise<ImageData<ImageSet>> {
  const path = join(options.cacheDir ?? defaultCacheDir(), ARCHIVE)
  const { onProgress, signal } = options
  const remedy = `Without a network, put ${ARCHIVE} into a folder DIR and name it as \`cifar10:DIR\`, or use \`synthetic\`.`
  const url = new URL(ARCHIVE, source.baseUrl).href
  const task = { url, path, md5: source.md5, remedy, onProgress, signal }
  await download(task, source.patience)
  return fromFiles('cifar10', await filesOfArchive(path, signal), path)
}

/**
 * The set out of the archive at `path`, or out of a folder that holds either the archive or its unpacked
 * `data_batch_*.bin` and `test_batch.bin`.
 */
export async function loadCifar10(
  path: string,
  options: LoadOptions,
): Promise<ImageData<ImageSet>> {
  const uri = `cifar10:${path}`
  if (isArchive(path)) return fromFiles(uri, await filesOfArchive(path, options.signal), path)
  const names = await readdir(path).catch(cause => {
    throw new DataError(
      `Expected a folder for \`cifar10:DIR\` but received ${path} (${cause.code}). Name one that holds ${ARCHIVE} or its .bin files.`,
      { cause },
    )
  })
  const wanted = names.filter(isBatch)
  if (wanted.length === 0 && names.includes(ARCHIVE)) {
    return fromFiles(uri, await filesOfArchive(join(path, ARCHIVE), options.signal), path)
  }
  const files = new Map<string, Buffer>()
  for (const name of wanted) files.set(name, await readFile(join(path, name)))
  return fromFiles(uri, files, path)
}

async function filesOfArchive(path: string, signal?: AbortSignal): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  for await (const entry of readArchive(path)) {
    signal?.throwIfAborted()
    const name = entry.path.split('/').at(-1)!
    if (isBatch(name)) files.set(name, await entry.read())
  }
  return files
}

function fromFiles(
  uri: string,
  files: ReadonlyMap<string, Buffer>,
  where: string,
): ImageData<ImageSet> {
  const names = [...files.keys()].sort()
  const train = packRecords(
    files,
    names.filter(name => TRAIN_FILE.test(name)),
    where,
  )
  const test = packRecords(
    files,
    names.filter(name => TEST_FILE.test(name)),
    where,
  )
  const size = { height: SIDE, width: SIDE }
  return { name: uri, classes: CLASSES, ...size, train, test, ...channelStatistics(train.images) }
}

/** Joins the named files, in that order, into one set. */
function packRecords(
  files: ReadonlyMap<string, Buffer>,
  names: readonly string[],
  where: string,
): ImageSet {
  if (names.length === 0) {
    throw new DataError(
      `Expected data_batch_*.bin and test_batch.bin of CIFAR-10 for \`cifar10\` but received ${[...files.keys()].join(', ') || 'neither'} (${where}). Get ${ARCHIVE} from ${OFFICIAL.baseUrl}cifar.html.`,
    )
  }
  const labels = names.flatMap(name => labelsOf(files.get(name)!, join(where, name)))
  const set = emptyImageSet(Int32Array.from(labels), SIDE, where)
  let image = 0
  for (const name of names) {
    const records = files.get(name)!
    for (let at = 0; at < records.length; at += RECORD) {
      interleave(set.images, image++ * 3 * PLANE, records, at + 1)
    }
  }
  return set
}

function labelsOf(records: Buffer, path: string): number[] {
  if (records.length === 0 || records.length % RECORD !== 0) {
    throw new DataError(
      `Expected records of ${RECORD} bytes but received a file of ${records.length} bytes (${path}). Fetch it again.`,
    )
  }
  const labels = Array.from({ length: records.length / RECORD }, (_, i) => records[i * RECORD]!)
  const strange = labels.findIndex(label => label >= CLASSES.length)
  if (strange < 0) return labels
  throw new DataError(
    `Expected labels 0 to 9 in CIFAR-10 but received ${labels[strange]} (image ${strange} of ${path}). Fetch it again.`,
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
