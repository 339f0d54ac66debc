import { createHash } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type DownloadTask, download } from './download.ts'
import { DataError } from './errors.ts'
import { temporaryFolder } from './fixtures.test.util.ts'

const CONTENT = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * i + (i >> 8)) & 255))
const MD5 = createHash('md5').update(CONTENT).digest('hex')
const REMEDY = 'Use another source.'
const PATIENCE = { attempts: 4, backOff: 1, stall: 5000 }
const IMPATIENT = { ...PATIENCE, stall: 500 }

/** @param part - the file in which the client gathers what it has received */
type Handler = (request: IncomingMessage, response: ServerResponse, part: string) => void

/** Answers the n-th request with the n-th handler, and the last one from then on. */
async function serve(...handlers: Handler[]) {
  const folder = join(await temporaryFolder(), 'cache')
  const path = join(folder, 'file.tar.gz')
  const ranges: (string | undefined)[] = []
  const server = createServer((request, response) => {
    const handler = handlers[Math.min(ranges.length, handlers.length - 1)]!
    ranges.push(request.headers.range)
    handler(request, response, `${path}.part`)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file.tar.gz`
  const task: DownloadTask = { url, path, md5: MD5, remedy: REMEDY }
  return { task, ranges, folder }
}

const whole: Handler = (_, response) => {
  response.writeHead(200, { 'content-length': CONTENT.length }).end(CONTENT)
}

/** A proper server: answers a range with that range. */
const ranged: Handler = (request, response, part) => {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  if (start === 0) return whole(request, response, part)
  if (start >= CONTENT.length) return void response.writeHead(416).end()
  const range = `bytes ${start}-${CONTENT.length - 1}/${CONTENT.length}`
  const length = CONTENT.length - start
  response.writeHead(206, { 'content-range': range, 'content-length': length })
  response.end(CONTENT.subarray(start))
}

/** Promises all, sends 30,000 bytes, and does `then` once the client has saved them. */
const partial =
  (then: (response: ServerResponse) => void): Handler =>
  async (_, response, part) => {
    response.writeHead(200, { 'content-length': CONTENT.length })
    response.write(CONTENT.subarray(0, 30_000))
    while ((await stat(part).catch(() => ({ size: 0 }))).size < 30_000) await sleep(5)
    then(response)
  }

const truncating = partial(response => response.destroy())
const stalling = partial(() => {})
const lying: Handler = (_, response) => void response.end('something else')
const answering =
  (status: number): Handler =>
  (_, response) =>
    void response.writeHead(status).end('no')

async function failureOf(task: DownloadTask, patience = PATIENCE): Promise<string> {
  const error = await download(task, patience).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(DataError)
  const { message } = error as DataError
  expect(message).toContain(REMEDY)
  expect(message).not.toContain('\n')
  return message
}

const saved = (task: DownloadTask): Promise<Buffer> => readFile(task.path)

describe('download', () => {
  it('saves the whole file, leaving nothing beside it, and reports bytes', async () => {
    const { task, folder } = await serve(whole)
    const reports: [number, number, string][] = []
    await download({ ...task, onProgress: (...report) => reports.push(report) }, PATIENCE)
    expect(await saved(task)).toEqual(CONTENT)
    expect(await readdir(folder)).toEqual(['file.tar.gz'])
    expect(reports.at(-1)).toEqual([CONTENT.length, CONTENT.length, 'downloading'])
  })

  it('asks nothing of the server when the file is there', async () => {
    const { task, ranges } = await serve(whole)
    await download(task, PATIENCE)
    await download(task, PATIENCE)
    expect(ranges).toHaveLength(1)
  })

  it('goes on from where an interrupted download stopped', async () => {
    const { task, ranges, folder } = await serve(whole, ranged)
    await download(task, PATIENCE)
    await writeFile(join(folder, 'other.part'), CONTENT.subarray(0, 40_000))
    const other = { ...task, path: join(folder, 'other') }
    await download(other, PATIENCE)
    expect(ranges).toEqual([undefined, 'bytes=40000-'])
    expect(await saved(other)).toEqual(CONTENT)
  })

  it('goes on after the connection broke', async () => {
    const { task, ranges } = await serve(truncating, ranged)
    await download(task, PATIENCE)
    expect(ranges).toEqual([undefined, 'bytes=30000-'])
    expect(await saved(task)).toEqual(CONTENT)
  })

  it('goes on after the server fell silent', async () => {
    const { task, ranges } = await serve(stalling, ranged)
    await download(task, IMPATIENT)
    expect(ranges).toEqual([undefined, 'bytes=30000-'])
    expect(await saved(task)).toEqual(CONTENT)
  })

  it('starts over with a server that knows no ranges', async () => {
    const { task, ranges } = await serve(truncating, whole)
    await download(task, PATIENCE)
    expect(ranges).toEqual([undefined, 'bytes=30000-'])
    expect(await saved(task)).toEqual(CONTENT)
  })

  it('accepts a part that was complete but not yet in place', async () => {
    const { task, ranges, folder } = await serve(whole, ranged)
    await download(task, PATIENCE)
    await writeFile(join(folder, 'other.part'), CONTENT)
    await download({ ...task, path: join(folder, 'other') }, PATIENCE)
    expect(ranges[1]).toBe(`bytes=${CONTENT.length}-`)
    expect(await readdir(folder)).toEqual(['file.tar.gz', 'other'])
  })

  it('throws a part away that turns out to be wrong, and starts over', async () => {
    const { task, folder } = await serve(whole, ranged)
    await download(task, PATIENCE)
    await writeFile(join(folder, 'other.part'), 'wrong from the start')
    const other = { ...task, path: join(folder, 'other') }
    await download(other, PATIENCE)
    expect(await saved(other)).toEqual(CONTENT)
  })

  it('never takes a range that leaves a gap', async () => {
    const gap: Handler = (_, response) =>
      void response.writeHead(206, { 'content-range': 'bytes 50000-99999/100000' }).end('x')
    const { task, ranges } = await serve(truncating, gap, ranged)
    await download(task, PATIENCE)
    expect(ranges).toHaveLength(3)
    expect(await saved(task)).toEqual(CONTENT)
  })

  it('tries again after a passing refusal', async () => {
    const { task, ranges } = await serve(answering(503), answering(429), whole)
    await download(task, PATIENCE)
    expect(ranges).toHaveLength(3)
  })

  it('gives up at once on a lasting refusal', async () => {
    const { task, ranges, folder } = await serve(answering(404))
    expect(await failureOf(task)).toBe(
      `Expected to download ${task.url} but received status 404. ${REMEDY}`,
    )
    expect(ranges).toHaveLength(1)
    expect(await readdir(folder)).toEqual([])
  })

  it('never puts a file of another content in place', async () => {
    const { task, ranges, folder } = await serve(lying)
    expect(await failureOf(task)).toContain(`instead of ${MD5}`)
    expect(ranges).toHaveLength(PATIENCE.attempts)
    expect(await readdir(folder)).toEqual([])
  })

  it('gives up on a server that stays silent, keeping what came', async () => {
    const { task, folder } = await serve(stalling)
    const message = await failureOf(task, { ...IMPATIENT, attempts: 2 })
    expect(message).toContain('received no data for 0.5 s')
    expect(await readdir(folder)).toEqual(['file.tar.gz.part'])
  })

  it('says what to do when the server cannot be reached', async () => {
    const path = join(await temporaryFolder(), 'file')
    const task = { url: 'http://127.0.0.1:1/file', path, md5: MD5, remedy: REMEDY }
    expect(await failureOf(task)).toMatch(/^Expected to download http:\/\/127\.0\.0\.1:1\/file but/)
  })

  it('names a cache folder that cannot be written', async () => {
    const { task } = await serve(whole)
    const file = join(await temporaryFolder(), 'file')
    await writeFile(file, '')
    const error = await download({ ...task, path: join(file, 'x') }, PATIENCE).catch(e => e)
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toContain('Expected a writable cache folder but received')
  })

  it('stops when it is aborted, with the reason given', async () => {
    const { task } = await serve(stalling)
    const controller = new AbortController()
    setTimeout(() => controller.abort(new RangeError('stopped')), 50)
    await expect(download({ ...task, signal: controller.signal }, PATIENCE)).rejects.toThrow(
      'stopped',
    )
  })
})
