// Pascal VOC segmentation (Everingham et al. 2010) out of its unpacked folder: pairs of a photograph and a
// class for each of its pixels. Read one at a time; nothing is kept.
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { CHANNELS, type Pixels } from '../augment/pixels.ts'
import { decodeWhole, reasonOf } from '../decode-image.ts'
import { DataError } from '../errors.ts'
import { IMAGENET, sideOf } from '../tree-set.ts'
import type { DensePlace, DenseSet, ImageData, LoadOptions } from '../types.ts'
import { UNKNOWN } from './geometry.ts'

const CLASSES = [
  ...['background', 'aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat', 'chair'],
  ...['cow', 'diningtable', 'dog', 'horse', 'motorbike', 'person', 'pottedplant', 'sheep', 'sofa'],
  ...['train', 'tvmonitor'],
]

/** A photograph and the class of each of its pixels. */
export interface SegmentationSample {
  /** The photograph's name in its set. */
  readonly name: string
  readonly height: number
  readonly width: number
  /** `height * width * 3` bytes, HWC, RGB. */
  readonly pixels: Uint8ClampedArray
  /** `height * width` classes, 255 where there is none. */
  readonly labels: Uint8Array
}

/** One split: how many samples there are, and each of them. */
export interface SegmentationSplit {
  readonly length: number
  /**
   * Reads and decodes one sample.
   *
   * @param index - from 0
   * @throws DataError naming the file when it is missing, does not decode, or does not fit its pair
   */
  read(index: number): Promise<SegmentationSample>
}

/** A set of photographs with a class for each pixel. */
export interface SegmentationData {
  readonly classes: readonly string[]
  readonly train: SegmentationSplit
  readonly test: SegmentationSplit
}

/** Where a sample lies. */
type VocPlace = Extract<DensePlace, { kind: 'voc' }>

/** Holds any image of the set whole (NF-ResNets, H.1). */
const WINDOW = 513

/** `voc:DIR`: the set of {@link loadVoc} in windows of `imageSize` x `imageSize`, 513 by default. */
export async function openVoc(
  dir: string,
  { imageSize = WINDOW, corrupt = 'fail' }: LoadOptions,
): Promise<ImageData<DenseSet>> {
  const side = sideOf({ imageSize })
  const { train, test } = await listVoc(dir)
  const setOf = (places: readonly VocPlace[]): DenseSet => ({
    ...{ length: places.length, maps: 'classes', places, corrupt },
  })
  return {
    ...{ name: `voc:${dir}`, classes: CLASSES, height: side, width: side },
    ...{ train: setOf(train), test: setOf(test) },
    ...IMAGENET,
  }
}

/**
 * Pascal VOC in `dir`, which holds `JPEGImages` and `ImageSets/Segmentation` (`VOCdevkit/VOC2012`). The
 * train split is `trainaug.txt` with `SegmentationClassAug` (Hariharan et al. 2011, 10,582 images) where
 * that list is there, else `train.txt` with `SegmentationClass`; the test split is `val.txt`.
 *
 * @throws DataError when a list is missing or empty
 */
export async function loadVoc(dir: string): Promise<SegmentationData> {
  const { train, test } = await listVoc(dir)
  const splitOf = (places: readonly VocPlace[]): SegmentationSplit => ({
    length: places.length,
    read: index => readVoc(places[index]!, index),
  })
  return { classes: CLASSES, train: splitOf(train), test: splitOf(test) }
}

async function listVoc(dir: string): Promise<Record<'train' | 'test', VocPlace[]>> {
  const augmented = await listOf(dir, 'trainaug').catch(absent)
  const placesOf = (names: readonly string[], labels: string) =>
    names.map(
      (name): VocPlace => ({
        kind: 'voc',
        image: join(dir, 'JPEGImages', `${name}.jpg`),
        labels: join(dir, labels, `${name}.png`),
      }),
    )
  return {
    train: augmented
      ? placesOf(augmented, 'SegmentationClassAug')
      : placesOf(await listOf(dir, 'train'), 'SegmentationClass'),
    test: placesOf(await listOf(dir, 'val'), 'SegmentationClass'),
  }
}

/** Null for a list that is not there; one that is damaged stays an error. */
function absent(error: DataError): null {
  if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return null
  throw error
}

async function listOf(dir: string, name: string): Promise<string[]> {
  const file = join(dir, 'ImageSets', 'Segmentation', `${name}.txt`)
  const text = await readFile(file, 'utf8').catch(cause => {
    throw new DataError(
      `Expected ImageSets/Segmentation/${name}.txt for \`voc:DIR\` but received ${cause.code} (${file}). Name the folder VOCdevkit/VOC2012.`,
      { cause },
    )
  })
  const names = text.split('\n').map(line => line.trim())
  const strange = names.find(line => !/^[\w-]*$/.test(line))
  if (strange === undefined && names.some(line => line !== '')) return names.filter(Boolean)
  throw new DataError(
    `Expected names of images, a line each, but received ${JSON.stringify(strange ?? '')} (${file}). Fetch it again.`,
  )
}

/**
 * One sample.
 *
 * @param index - its number in the split, for messages
 * @throws DataError as {@link SegmentationSplit.read}
 */
export async function readVoc(place: VocPlace, index: number): Promise<SegmentationSample> {
  const image = await decodeFile(place.image, index)
  const map = await decodeFile(place.labels, index)
  const { height, width, data: pixels } = image
  if (map.height !== height || map.width !== width) {
    throw new DataError(
      `Expected labels of ${width}x${height} pixels but received ${map.width}x${map.height} (number ${index}, ${place.labels}). Fetch it again.`,
    )
  }
  const name = basename(place.image, '.jpg')
  return { name, height, width, pixels, labels: classesOf(map, place.labels) }
}

async function decodeFile(file: string, index: number): Promise<Pixels> {
  try {
    return await decodeWhole(await readFile(file))
  } catch (cause) {
    throw new DataError(
      `Expected an image that decodes but received a missing or damaged file (number ${index}, ${file}: ${reasonOf(cause)}). Fetch it again.`,
      { cause },
    )
  }
}

/** Three bytes as one number. */
const colour = (red: number, green: number, blue: number): number =>
  (red << 16) | (green << 8) | blue

/**
 * The colour that stands for a class in VOC's palette: the class's bits, three at a time, become the bits
 * of red, green and blue from the highest down.
 */
export function paletteColour(label: number): [red: number, green: number, blue: number] {
  const channel = (first: number) => {
    let value = 0
    for (let k = 0; 3 * k < 8; k++) value |= ((label >> (first + 3 * k)) & 1) << (7 - k)
    return value
  }
  return [channel(0), channel(1), channel(2)]
}

/** Colour to class, of palette images and of those that hold the class as a grey. */
const LABELS = new Map<number, number>(
  [...CLASSES.keys(), UNKNOWN].flatMap(label => [
    [colour(label, label, label), label] as const,
    [colour(...paletteColour(label)), label] as const,
  ]),
)

function classesOf({ data, height, width }: Pixels, file: string): Uint8Array {
  const labels = new Uint8Array(height * width)
  for (let i = 0, at = 0; i < labels.length; i++, at += CHANNELS) {
    const [red, green, blue] = [data[at]!, data[at + 1]!, data[at + 2]!]
    const label = LABELS.get(colour(red, green, blue))
    if (label === undefined) {
      throw new DataError(
        `Expected colours of the Pascal VOC palette but received (${red}, ${green}, ${blue}) at pixel ${i} (${file}). Fetch it again.`,
      )
    }
    labels[i] = label
  }
  return labels
}
