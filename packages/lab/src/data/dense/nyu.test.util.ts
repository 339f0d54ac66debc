// A small file in the form of NYU Depth v2's labelled set, for tests of reading and of training; not part
// of the package.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { File, ready } from 'h5wasm/node'
import { temporaryFolder } from '../fixtures.test.util.ts'

export interface NyuFileOptions {
  count: number
  height: number
  width: number
  /** The byte of channel `c` of image `n`. */
  byteAt(n: number, y: number, x: number, c: number): number
  /** In metres. */
  depthAt(n: number, y: number, x: number): number
  depthsName?: string
  imagesType?: string
  imagesShape?: number[]
}

/** Writes HDF5 in chunks of one image, deflated, behind MATLAB's 512 bytes. */
export async function writeNyuFile(options: NyuFileOptions): Promise<string> {
  const { count, height, width, byteAt, depthAt, depthsName = 'depths' } = options
  const bytes = new Uint8Array(count * 3 * width * height)
  const metres = new Float32Array(count * width * height)
  let [at, to] = [0, 0]
  for (let n = 0; n < count; n++) {
    for (let c = 0; c < 3; c++)
      for (let x = 0; x < width; x++)
        for (let y = 0; y < height; y++) bytes[at++] = byteAt(n, y, x, c)
    for (let x = 0; x < width; x++) for (let y = 0; y < height; y++) metres[to++] = depthAt(n, y, x)
  }
  await ready
  const path = join(await temporaryFolder(), 'nyu_depth_v2_labeled.mat')
  const file = new File(`${path}.h5`, 'w')
  const shape = options.imagesShape ?? [count, 3, width, height]
  file.create_dataset({
    ...{ name: 'images', data: bytes, shape, dtype: options.imagesType ?? '<B' },
    ...{ chunks: [1, ...shape.slice(1)], compression: 4 },
  })
  file.create_dataset({
    ...{ name: depthsName, data: metres, shape: [count, width, height], dtype: '<f' },
    ...{ chunks: [1, width, height], compression: 4 },
  })
  file.close()
  const header = Buffer.alloc(512)
  header.write('MATLAB 7.3 MAT-file')
  await writeFile(path, Buffer.concat([header, await readFile(`${path}.h5`)]))
  return path
}
