// Packed sets kept on disk, so that images are decoded once and not at each start. A file is one line of
// JSON, the labels and images of both splits, and the SHA-256 of all before it; it appears whole, by a
// rename, and what is stale, cut or changed is made anew.
import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { emptyImageSet } from './image-set.ts'
import type { ImageData, ImageSet } from './types.ts'

/** The two parts of a packed set. */
export type Splits = Pick<ImageData<ImageSet>, 'train' | 'test'>

/** Where a set is kept, and all that its bytes depend on. */
export interface PackKey {
  file: string
  key: string
  /** Side of an image in pixels. */
  side: number
}

interface Header {
  format: 'normfree-pack-1'
  key: string
  side: number
  train: number
  test: number
}

const MAX_HEADER = 4096
const DIGEST = 32
const CHUNK = 1 << 22

/** The kept set of that key; without one, what `build` gives, which is then kept. */
export async function cachedPack(
  key: PackKey,
  where: string,
  build: () => Promise<Splits>,
): Promise<Splits> {
  const kept = await readPack(key, where)
  if (kept) return kept
  const built = await build()
  // A cache that cannot be written (full disk, read-only folder) costs time at the next start, no more.
  await writePack(key, built).catch(() => {})
  return built
}

/** The set in the file; null when there is none, or not the whole of one of that key. */
async function readPack(wanted: PackKey, where: string): Promise<Splits | null> {
  const handle = await open(wanted.file).catch(() => null)
  if (!handle) return null
  try {
    return await readChecked(handle, wanted, where)
  } finally {
    await handle.close()
  }
}

async function readChecked(
  handle: FileHandle,
  wanted: PackKey,
  where: string,
): Promise<Splits | null> {
  const line = await firstLine(handle)
  const header = headerOf(line, wanted)
  if (!header) return null
  const { train, test, side } = header
  const perImage = 4 + side * side * 3
  const { size } = await handle.stat()
  if (size !== line.length + (train + test) * perImage + DIGEST) return null
  const hash = createHash('sha256').update(line)
  const labels = [new Int32Array(train), new Int32Array(test)]
  const sets = labels.map(own => emptyImageSet(own, side, where)) as [ImageSet, ImageSet]
  let at = line.length
  for (const part of [...labels, ...sets.map(({ images }) => images)]) {
    at = await fill(handle, part, at, hash)
  }
  const digest = Buffer.alloc(DIGEST)
  await handle.read(digest, 0, DIGEST, at)
  return digest.equals(hash.digest()) ? { train: sets[0], test: sets[1] } : null
}

async function firstLine(handle: FileHandle): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_HEADER), 0, MAX_HEADER, 0)
  return buffer.subarray(0, buffer.subarray(0, bytesRead).indexOf(10) + 1)
}

function headerOf(line: Buffer, { key, side }: PackKey): Header | null {
  try {
    const header = JSON.parse(line.toString('utf8')) as Header
    const counts = [header.train, header.test]
    const fits =
      header.format === 'normfree-pack-1' &&
      header.key === key &&
      header.side === side &&
      counts.every(count => Number.isInteger(count) && count > 0)
    return fits ? header : null
  } catch {
    return null
  }
}

const bytesOf = (part: Int32Array | Uint8Array): Uint8Array =>
  new Uint8Array(part.buffer, part.byteOffset, part.byteLength)

/** Fills `part` from the file and gives where it ended; by way of a buffer, since `part` may be shared. */
async function fill(
  handle: FileHandle,
  part: Int32Array | Uint8Array,
  from: number,
  hash: Hash,
): Promise<number> {
  const target = bytesOf(part)
  const chunk = Buffer.alloc(Math.min(CHUNK, target.length))
  for (let at = 0; at < target.length; ) {
    const wanted = Math.min(chunk.length, target.length - at)
    const { bytesRead } = await handle.read(chunk, 0, wanted, from + at)
    if (bytesRead === 0) break
    hash.update(chunk.subarray(0, bytesRead))
    target.set(chunk.subarray(0, bytesRead), at)
    at += bytesRead
  }
  return from + target.length
}

async function writePack({ file, key, side }: PackKey, { train, test }: Splits): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const temporary = `${file}.${process.pid}.tmp`
  const header: Header = {
    ...{ format: 'normfree-pack-1', key, side },
    ...{ train: train.length, test: test.length },
  }
  const line = Buffer.from(`${JSON.stringify(header)}\n`)
  const hash = createHash('sha256')
  const handle = await open(temporary, 'w')
  try {
    for (const part of [line, train.labels, test.labels, train.images, test.images]) {
      const bytes = bytesOf(part)
      for (let at = 0; at < bytes.length; at += CHUNK) {
        const chunk = Buffer.from(bytes.slice(at, at + CHUNK))
        hash.update(chunk)
        await handle.appendFile(chunk)
      }
    }
    await handle.appendFile(hash.digest())
    await handle.sync()
    await handle.close()
    await rename(temporary, file)
  } catch (error) {
    await handle.close().catch(() => {})
    await rm(temporary, { force: true })
    throw error
  }
}
