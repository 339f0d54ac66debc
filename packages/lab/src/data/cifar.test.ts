import { createHash } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CIFAR10, CIFAR100, downloadCifar, loadCifar } from './cifar.ts'
import { DataError } from './errors.ts'
import { temporaryFolder, tgzOf, writeFiles } from './fixtures.test.util.ts'

/** A record whose pixel p is (first + p, first + p + 80, first + p + 160) modulo 256. */
function record(label: number, first: number): Buffer {
  const planes = [0, 80, 160].flatMap(shift =>
    Array.from({ length: 1024 }, (_, p) => (first + p + shift) & 255),
  )
  return Buffer.from([label, ...planes])
}

const FILES = {
  'cifar-10-batches-bin/data_batch_2.bin': record(9, 2),
  'cifar-10-batches-bin/data_batch_1.bin': Buffer.concat([record(3, 0), record(0, 1)]),
  'cifar-10-batches-bin/test_batch.bin': record(7, 5),
  'cifar-10-batches-bin/readme.html': Buffer.from('hello'),
}

const flat = Object.fromEntries(
  Object.entries(FILES).map(([path, bytes]) => [path.split('/')[1]!, bytes]),
)

async function failureOf(files: Record<string, Buffer>): Promise<string> {
  const dir = await temporaryFolder()
  await writeFiles(dir, files)
  const error = await loadCifar(CIFAR10, dir, {}).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(DataError)
  return (error as DataError).message
}

describe('cifar10:DIR', () => {
  it('joins the batches in the order of their numbers and interleaves the planes', async () => {
    const dir = await temporaryFolder()
    await writeFiles(dir, flat)
    const data = await loadCifar(CIFAR10, dir, {})
    expect(data).toMatchObject({ name: `cifar10:${dir}`, height: 32, width: 32 })
    expect(data.train.labels).toEqual(Int32Array.of(3, 0, 9))
    expect(data.test.labels).toEqual(Int32Array.of(7))
    expect(data.classes[7]).toBe('horse')
    expect([...data.test.images.subarray(0, 6)]).toEqual([5, 85, 165, 6, 86, 166])
    expect([...data.train.images.subarray(2 * 3072, 2 * 3072 + 3)]).toEqual([2, 82, 162])
  })

  it('reads the archive where it is not unpacked, named by its folder or itself', async () => {
    const dir = await temporaryFolder()
    await writeFiles(dir, { 'cifar-10-binary.tar.gz': await tgzOf(FILES) })
    const data = await loadCifar(CIFAR10, dir, {})
    expect(data.train.labels).toEqual(Int32Array.of(3, 0, 9))
    const { name: _, ...rest } = await loadCifar(CIFAR10, join(dir, 'cifar-10-binary.tar.gz'), {})
    expect(data).toMatchObject(rest)
  })

  it('says what a folder lacks', async () => {
    expect(await failureOf({})).toContain('for `cifar10` but received neither')
    const { 'test_batch.bin': _, ...noTest } = flat
    expect(await failureOf(noTest as Record<string, Buffer>)).toContain(
      'but received data_batch_1.bin, data_batch_2.bin (',
    )
    await expect(loadCifar(CIFAR10, '/nowhere', {})).rejects.toThrow('received /nowhere (ENOENT)')
  })

  it('names a file that was cut short', async () => {
    const cut = { ...flat, 'data_batch_2.bin': record(1, 1).subarray(1) }
    expect(await failureOf(cut)).toMatch(
      /records of 3073 bytes .* 3072 bytes \(.*data_batch_2\.bin\)/,
    )
  })

  it('names an image with a label that CIFAR-10 has not', async () => {
    const strange = { ...flat, 'test_batch.bin': Buffer.concat([record(0, 0), record(10, 0)]) }
    expect(await failureOf(strange)).toMatch(/received 10 \(image 1 of .*test_batch\.bin\)/)
  })
})

describe('cifar100:DIR', () => {
  const files = {
    'train.bin': Buffer.concat([Buffer.of(4), record(99, 3), Buffer.of(19), record(0, 4)]),
    'test.bin': Buffer.concat([Buffer.of(4), record(41, 9)]),
    'fine_label_names.txt': Buffer.from('apple\naquarium_fish\n'),
  }

  it('reads the class, not the superclass, and the names', async () => {
    const dir = await temporaryFolder()
    await writeFiles(dir, files)
    const data = await loadCifar(CIFAR100, dir, {})
    expect(data.train.labels).toEqual(Int32Array.of(99, 0))
    expect(data.classes.slice(0, 3)).toEqual(['apple', 'aquarium_fish', '2'])
    expect(data.classes).toHaveLength(100)
    expect([...data.test.images.subarray(0, 3)]).toEqual([9, 89, 169])
  })

  it('is not taken for CIFAR-10, nor the other way round', async () => {
    const dir = await temporaryFolder()
    await writeFiles(dir, files)
    await expect(loadCifar(CIFAR10, dir, {})).rejects.toThrow('of CIFAR-10 for `cifar10` but')
    expect(await failureOf(files)).toContain('received neither')
  })
})

/** CIFAR-100's files as they lie in its archive. */
const FILES_100 = {
  'cifar-100-binary/train.bin': Buffer.concat([Buffer.of(4), record(99, 3)]),
  'cifar-100-binary/test.bin': Buffer.concat([Buffer.of(4), record(41, 9)]),
  'cifar-100-binary/fine_label_names.txt': Buffer.from('apple\n'),
}

describe.each([
  { set: CIFAR10, files: FILES, train: 3 },
  { set: CIFAR100, files: FILES_100, train: 1 },
])('$set.name', ({ set, files, train }) => {
  const { name, archive } = set

  /** Serves the archive, of which `sent` is what arrives; then the connection breaks or stays. */
  async function serve(sent: (whole: Buffer) => Buffer = whole => whole, stalls = false) {
    const whole = await tgzOf(files)
    const requested: string[] = []
    const server = createServer((request, response) => {
      requested.push(request.url!)
      response.writeHead(200, { 'content-length': whole.length })
      const bytes = sent(whole)
      if (bytes.length === whole.length) response.end(bytes)
      else response.write(bytes, () => void (stalls || response.destroy()))
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/data/`
    const md5 = { [archive]: createHash('md5').update(whole).digest('hex') }
    const patience = { attempts: 2, backOff: 1, stall: 200 }
    return { source: { baseUrl, md5, patience }, requested }
  }

  it('downloads the archive into the cache once, then reads it from there', async () => {
    const { source, requested } = await serve()
    const cacheDir = await temporaryFolder()
    const first = await downloadCifar(set, { cacheDir }, source)
    const second = await downloadCifar(set, { cacheDir }, source)
    expect(first).toMatchObject({ name, train: { length: train }, test: { length: 1 } })
    expect(second).toEqual(first)
    expect(requested).toEqual([`/data/${archive}`])
  })

  it.each<[string, (whole: Buffer) => Buffer, boolean, string]>([
    ['lies', whole => Buffer.from(whole).fill(1), false, 'a file with MD5'],
    ['cuts the archive short', whole => whole.subarray(9), false, 'Expected to download'],
    ['falls silent', whole => whole.subarray(9), true, 'no data for 0.2 s'],
  ])('puts nothing in place from a server that %s', async (_, sent, stalls, message) => {
    const { source } = await serve(sent, stalls)
    const cacheDir = await temporaryFolder()
    const failure = downloadCifar(set, { cacheDir }, source)
    await expect(failure).rejects.toThrow(message)
    await expect(failure).rejects.toThrow(`name it as \`${name}:DIR\``)
    expect(await readdir(cacheDir)).not.toContain(archive)
  })

  it('says what to do without a network', async () => {
    const patience = { attempts: 1, backOff: 1, stall: 1000 }
    const source = { ...set.source, baseUrl: 'http://127.0.0.1:1/', patience }
    const cacheDir = await temporaryFolder()
    await expect(downloadCifar(set, { cacheDir }, source)).rejects.toThrow(
      `Without a network, put ${archive} into a folder DIR and name it as \`${name}:DIR\`, or use \`synthetic\`.`,
    )
  })

  it('says so when the archive in the cache is damaged', async () => {
    const cacheDir = await temporaryFolder()
    await writeFile(join(cacheDir, archive), 'not an archive')
    await expect(downloadCifar(set, { cacheDir })).rejects.toThrow('Expected a whole archive')
  })
})
