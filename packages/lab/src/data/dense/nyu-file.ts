// NYU Depth v2's labelled set as MATLAB wrote it (version 7.3: HDF5 behind 512 bytes of MATLAB's own),
// one image and one map of depths at a time. Used in the main thread and in workers, each with a file of
// its own.
import { type Dataset, type Entity, File, ready } from 'h5wasm/node'
import type { DenseSample } from './sample.ts'

/** What is wrong with a file, in a few words; whoever knows what it was for wraps it. */
export class NyuFileError extends Error {
  override readonly name = 'NyuFileError'
}

/** Sides beyond this are taken for damage: the set's are 640 and 480. */
const MAX_SIDE = 4096

/** The two arrays of an open file. */
export interface NyuFile {
  readonly length: number
  readonly height: number
  readonly width: number
  /**
   * Reads one image and its depths in metres.
   *
   * @throws NyuFileError when its part of the file is damaged
   */
  read(index: number): DenseSample
  close(): void
}

/**
 * Opens the file: `images` (N, 3, width, height) of bytes and `depths` (N, width, height) float32, as
 * MATLAB's 480 x 640 x 3 x 1449 and 480 x 640 x 1449 arrays lie in it. Nothing of them is read yet.
 *
 * @throws NyuFileError when it is no such file
 */
export async function openNyuFile(path: string): Promise<NyuFile> {
  const module = await ready
  // Without it the library prints its stack of errors and returns.
  module.activate_throwing_error_handler()
  const file = attempt('no HDF5 file', () => new File(path, 'r'))
  try {
    const images = datasetOf(file.get('images'), 'images', '<B', 4)
    const depths = datasetOf(file.get('depths'), 'depths', '<f', 3)
    const [length, channels, width, height] = images.shape!
    const sides = [length, width, height]
    const fits = channels === 3 && sides.join() === depths.shape!.join()
    if (!fits || Math.min(...sides) < 1 || Math.max(width!, height!) > MAX_SIDE)
      throw new NyuFileError(`images of ${images.shape} and depths of ${depths.shape}`)
    return {
      ...{ length: length!, height: height!, width: width! },
      read: index => readSample(images, depths, index, height!, width!),
      close: () => void file.close(),
    }
  } catch (error) {
    file.close()
    throw error instanceof NyuFileError ? error : damaged('damaged arrays', error)
  }
}

const damaged = (what: string, cause: unknown): NyuFileError =>
  new NyuFileError(`${what} (${String(cause).split('\n')[0]})`, { cause })

function attempt<T>(what: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw damaged(what, error)
  }
}

/** An array of this file alone: links to others and arrays put together from others are refused. */
function datasetOf(entity: Entity | null, name: string, dtype: string, rank: number): Dataset {
  const dataset = entity as Dataset | null
  if (dataset?.type !== 'Dataset') throw new NyuFileError(`no array \`${name}\``)
  const { shape, virtual_sources: sources } = dataset.metadata
  if (dataset.dtype === dtype && shape?.length === rank && !sources?.length) return dataset
  throw new NyuFileError(
    `an array \`${name}\` of type ${JSON.stringify(dataset.dtype)} and sizes ${shape ?? 'unknown'}`,
  )
}

function readSample(
  images: Dataset,
  depths: Dataset,
  index: number,
  height: number,
  width: number,
): DenseSample {
  const slice = (dataset: Dataset) =>
    attempt('a damaged part', () => dataset.slice([[index, index + 1]]))
  const planes = slice(images) as Uint8Array
  const columns = slice(depths) as Float32Array
  const pixels = new Uint8ClampedArray(height * width * 3)
  const map = new Float32Array(height * width)
  // Columns of planes to rows of pixels.
  const area = height * width
  for (let x = 0, from = 0; x < width; x++) {
    for (let y = 0; y < height; y++, from++) {
      const to = y * width + x
      map[to] = columns[from]!
      for (let c = 0; c < 3; c++) pixels[3 * to + c] = planes[c * area + from]!
    }
  }
  return { image: { data: pixels, height, width }, map }
}
