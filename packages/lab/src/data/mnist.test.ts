import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { DataError } from './errors.ts'
import { temporaryFolder, writeFiles } from './fixtures.test.util.ts'
import { downloadMnist, FASHION_MNIST, loadMnist, MNIST } from './mnist.ts'

function idx(shape: number[], bytes: number[]): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length)
  header.writeUInt32BE(0x800 + shape.length, 0)
  shape.forEach((length, i) => {
    header.writeUInt32BE(length, 4 + 4 * i)
  })
  return Buffer.concat([header, Buffer.from(bytes)])
}

const pixels = (n: number) => Array.from({ length: n * 784 }, (_, i) => (i * 7) & 255)

const FILES = {
  'train-images-idx3-ubyte.gz': gzipSync(idx([3, 28, 28], pixels(3))),
  'train-labels-idx1-ubyte.gz': gzipSync(idx([3], [5, 0, 9])),
  't10k-images-idx3-ubyte': idx([1, 28, 28], pixels(1)),
  't10k-labels-idx1-ubyte': idx([1], [7]),
}

const ZIPPED = {
  ...FILES,
  't10k-images-idx3-ubyte.gz': gzipSync(FILES['t10k-images-idx3-ubyte']),
  't10k-labels-idx1-ubyte.gz': gzipSync(FILES['t10k-labels-idx1-ubyte']),
}

async function failureOf(changes: Record<string, Buffer | undefined>): Promise<string> {
  const dir = await temporaryFolder()
  const files = Object.entries({ ...FILES, ...changes }).filter(([, bytes]) => bytes !== undefined)
  await writeFiles(dir, Object.fromEntries(files) as Record<string, Buffer>)
  const error = await loadMnist(MNIST, dir).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(DataError)
  return (error as DataError).message
}

/** What is sent of a file that was promised whole, and whether the connection then stays open. */
interface Answer {
  sent: Buffer
  stalls?: boolean
}

const honest = (sent: Buffer): Answer => ({ sent })

/** Serves the files, each through `answer`. */
async function serve(answer: (bytes: Buffer, name: string) => Answer = honest) {
  const requested: string[] = []
  const server = createServer((request, response) => {
    const name = request.url!.slice(1)
    requested.push(name)
    const bytes = ZIPPED[name as keyof typeof ZIPPED]
    response.writeHead(200, { 'content-length': bytes.length })
    const { sent, stalls = false } = answer(bytes, name)
    if (sent.length === bytes.length) response.end(sent)
    else response.write(sent, () => void (stalls || response.destroy()))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const names = Object.keys(MNIST.source.md5) as (keyof typeof ZIPPED)[]
  const md5 = Object.fromEntries(
    names.map(name => [name, createHash('md5').update(ZIPPED[name]).digest('hex')]),
  )
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const patience = { attempts: 2, backOff: 1, stall: 200 }
  return { source: { baseUrl, md5, patience }, requested }
}

describe('mnist:DIR', () => {
  it('reads zipped and plain files, greys spread over the channels', async () => {
    const dir = await temporaryFolder()
    await writeFiles(dir, FILES)
    const data = await loadMnist(MNIST, dir)
    expect(data).toMatchObject({ name: `mnist:${dir}`, height: 28, width: 28 })
    expect(data.train.labels).toEqual(Int32Array.of(5, 0, 9))
    expect(data.test.labels).toEqual(Int32Array.of(7))
    expect([...data.train.images.subarray(0, 6)]).toEqual([0, 0, 0, 7, 7, 7])
    expect(data.train.images).toHaveLength(3 * 784 * 3)
    expect((await loadMnist(FASHION_MNIST, dir)).classes[9]).toBe('Ankle boot')
  })

  it.each<[string, Record<string, Buffer | undefined>, string]>([
    ['a file that is missing', { 't10k-labels-idx1-ubyte': undefined }, 'no such file'],
    [
      'a zip that was cut short',
      { 'train-images-idx3-ubyte.gz': FILES['train-images-idx3-ubyte.gz'].subarray(0, 60) },
      'received a damaged one (',
    ],
    [
      'a file that was cut short',
      { 't10k-images-idx3-ubyte': FILES['t10k-images-idx3-ubyte'].subarray(0, 700) },
      'a cut file of 700 bytes (',
    ],
    [
      'an empty file',
      { 't10k-images-idx3-ubyte': Buffer.alloc(0) },
      'Expected IDX bytes of rank 3',
    ],
    ['labels for images', { 't10k-images-idx3-ubyte': FILES['t10k-labels-idx1-ubyte'] }, 'rank 3'],
    ['labels too many', { 't10k-labels-idx1-ubyte': idx([2], [1, 2]) }, 'received 2 and 1 of'],
    ['a label too large', { 't10k-labels-idx1-ubyte': idx([1], [10]) }, 'received 10 (image 0 of'],
  ])('names %s', async (_, changes, message) => {
    expect(await failureOf(changes)).toContain(message)
  })
})

describe.each([MNIST, FASHION_MNIST])('$name', set => {
  const { name } = set
  const cutShort = (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1)

  it('downloads its files into the cache once, then reads them from there', async () => {
    const { source, requested } = await serve()
    const cacheDir = await temporaryFolder()
    const first = await downloadMnist(set, { cacheDir }, source)
    expect(first).toMatchObject({ name, train: { length: 3 }, test: { length: 1 } })
    expect(await downloadMnist(set, { cacheDir }, source)).toEqual(first)
    expect(requested).toHaveLength(4)
  })

  it('fetches only what an earlier attempt did not', async () => {
    const third = Object.keys(set.source.md5)[2]!
    const failing = await serve((sent, file) => ({ sent: file === third ? cutShort(sent) : sent }))
    const cacheDir = await temporaryFolder()
    await expect(downloadMnist(set, { cacheDir }, failing.source)).rejects.toThrow(third)
    const { source, requested } = await serve()
    await downloadMnist(set, { cacheDir }, source)
    expect(requested.toSorted()).toEqual(Object.keys(set.source.md5).slice(2).toSorted())
  })

  it.each<[string, (bytes: Buffer) => Answer, string]>([
    ['lies', bytes => ({ sent: Buffer.from(bytes).fill(1) }), 'a file with MD5'],
    ['cuts files short', bytes => ({ sent: cutShort(bytes) }), 'Expected to download'],
    ['falls silent', bytes => ({ sent: cutShort(bytes), stalls: true }), 'no data for 0.2 s'],
  ])('puts nothing in place from a server that %s', async (_, answer, message) => {
    const { source } = await serve(answer)
    const cacheDir = await temporaryFolder()
    const failure = downloadMnist(set, { cacheDir }, source)
    await expect(failure).rejects.toThrow(DataError)
    await expect(failure).rejects.toThrow(message)
    await expect(failure).rejects.toThrow(`name it as \`${name}:DIR\``)
    const left = await readdir(join(cacheDir, name))
    expect(left.filter(file => !file.endsWith('.part'))).toEqual([])
  })
})
