// `mnist` and `fashion-mnist`: 70,000 grey images of 28x28 pixels in the IDX format of LeCun's MNIST page.
// The addresses and checksums are those that torchvision publishes (torchvision/datasets/mnist.py).
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { CHANNELS } from './augment/pixels.ts'
import { defaultCacheDir } from './cache.ts'
import { type DownloadSource, download } from './download.ts'
import { DataError } from './errors.ts'
import { channelStatistics, emptyImageSet } from './image-set.ts'
import type { ImageData, ImageSet, LoadOptions } from './types.ts'

/** One of the sets in this format. */
export interface MnistSet {
  /** The URI's scheme. */
  name: string
  source: DownloadSource
  classes: readonly string[]
}

export const MNIST: MnistSet = {
  name: 'mnist',
  source: {
    baseUrl: 'https://ossci-datasets.s3.amazonaws.com/mnist/',
    md5: {
      'train-images-idx3-ubyte.gz': 'f68b3c2dcbeaaa9fbdd348bbdeb94873',
      'train-labels-idx1-ubyte.gz': 'd53e105ee54ea40749a09fcbcd1e9432',
      't10k-images-idx3-ubyte.gz': '9fb629c4189551a2d022fa330f9573f3',
      't10k-labels-idx1-ubyte.gz': 'ec29112dd5afa0611ce80d1b7f02629c',
    },
  },
  classes: [...'0123456789'],
}

export const FASHION_MNIST: MnistSet = {
  name: 'fashion-mnist',
  source: {
    // Its publisher serves no https; the checksums say whether it is the set.
    baseUrl: 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
    md5: {
      'train-images-idx3-ubyte.gz': '8d4fb7e6c68d591d4c3dfef9ec88bf0d',
      'train-labels-idx1-ubyte.gz': '25c81989df183df01b3e8a0aad5dffbe',
      't10k-images-idx3-ubyte.gz': 'bef4ecab320f06d8554ea6380940ec79',
      't10k-labels-idx1-ubyte.gz': 'bb300cfdad3c16e7a12a480ee83cd310',
    },
  },
  classes: [
    ...['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat'],
    ...['Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot'],
  ],
}

/** The set out of the cache, downloaded (12 or 30 MB) if it is not there. */
export async function downloadMnist(
  set: MnistSet,
  options: LoadOptions,
  source = set.source,
): Promise<ImageData<ImageSet>> {
  const { onProgress, signal } = options
  const dir = join(options.cacheDir ?? defaultCacheDir(), set.name)
  const remedy = `Without a network, put its four .gz files into a folder DIR and name it as \`${set.name}:DIR\`, or use \`synthetic\`.`
  for (const [file, md5] of Object.entries(source.md5)) {
    const url = new URL(file, source.baseUrl).href
    await download({ url, path: join(dir, file), md5, remedy, onProgress, signal }, source.patience)
  }
  return { ...(await loadMnist(set, dir)), name: set.name }
}

/** The set out of a folder that holds its four files, as they are or with `.gz`. */
export async function loadMnist(set: MnistSet, dir: string): Promise<ImageData<ImageSet>> {
  const names = await readdir(dir).catch(cause => {
    throw new DataError(
      `Expected a folder for \`${set.name}:DIR\` but received ${dir} (${cause.code}). Name one that holds its four files.`,
      { cause },
    )
  })
  const read = (name: string) => readMaybeZipped(set, dir, names, name)
  const splitOf = async (prefix: string) =>
    pack(
      set,
      idx(await read(`${prefix}-images-idx3-ubyte`), 3, join(dir, `${prefix}-images-idx3-ubyte`)),
      idx(await read(`${prefix}-labels-idx1-ubyte`), 1, join(dir, `${prefix}-labels-idx1-ubyte`)),
      dir,
    )
  const train = await splitOf('train')
  const test = await splitOf('t10k')
  return {
    ...{ name: `${set.name}:${dir}`, classes: set.classes, height: SIDE, width: SIDE, train, test },
    ...channelStatistics(train.images),
  }
}

const SIDE = 28

async function readMaybeZipped(
  { name }: MnistSet,
  dir: string,
  names: readonly string[],
  wanted: string,
): Promise<Buffer> {
  if (names.includes(wanted)) return readFile(join(dir, wanted))
  const zipped = `${wanted}.gz`
  if (!names.includes(zipped)) {
    throw new DataError(
      `Expected ${zipped} (or without .gz) for \`${name}:DIR\` but received no such file (${dir}). Put all four files there.`,
    )
  }
  const bytes = await readFile(join(dir, zipped))
  return promisify(gunzip)(bytes).catch(cause => {
    throw new DataError(
      `Expected a whole file for \`data\` but received a damaged one (${join(dir, zipped)}: ${cause.message}). Fetch it again.`,
      { cause },
    )
  })
}

interface Idx {
  shape: number[]
  bytes: Buffer
}

/** The bytes behind an IDX header: two zeros, type 8 (bytes), the rank, each length as big-endian int32. */
function idx(file: Buffer, rank: number, path: string): Idx {
  const start = 4 + 4 * rank
  const shape = Array.from({ length: rank }, (_, i) =>
    file.length < start ? 0 : file.readUInt32BE(4 + 4 * i),
  )
  const size = shape.reduce((product, length) => product * length, 1)
  if (
    file.length < start ||
    file.readUInt32BE(0) !== 0x800 + rank ||
    file.length !== start + size
  ) {
    throw new DataError(
      `Expected IDX bytes of rank ${rank} but received another or a cut file of ${file.length} bytes (${path}). Fetch it again.`,
    )
  }
  return { shape, bytes: file.subarray(start) }
}

/** Greys spread over the three channels, so that every model takes them. */
function pack({ name, classes }: MnistSet, images: Idx, labels: Idx, where: string): ImageSet {
  const [length, height, width] = images.shape
  if (height !== SIDE || width !== SIDE || length === 0 || labels.shape[0] !== length) {
    throw new DataError(
      `Expected as many labels as ${SIDE}x${SIDE} images for \`${name}\` but received ${labels.shape[0]} and ${length} of ${height}x${width} (${where}). Fetch it again.`,
    )
  }
  const strange = labels.bytes.findIndex(label => label >= classes.length)
  if (strange >= 0) {
    throw new DataError(
      `Expected labels 0 to ${classes.length - 1} in ${name} but received ${labels.bytes[strange]} (image ${strange} of ${where}). Fetch it again.`,
    )
  }
  const set = emptyImageSet(Int32Array.from(labels.bytes), SIDE, where)
  images.bytes.forEach((grey, at) => {
    set.images.fill(grey, at * CHANNELS, (at + 1) * CHANNELS)
  })
  return set
}
