import { readdirSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { readEvents } from './tensorboard.test.util.ts'
import { openTensorBoard } from './tensorboard.ts'
import { restartEvent, scalarsEvent, versionEvent } from './tensorboard-event.ts'
import { epochOf, stepOf, tapOf, temporaryFolder } from './testing.ts'
import { crc32c, tfRecord } from './tfrecord.ts'
import type { MetricLine } from './types.ts'

afterEach(() => void vi.useRealTimers())

const eventFiles = (dir: string): string[] =>
  readdirSync(dir)
    .sort()
    .map(name => join(dir, name))

/** The event file that a process writes of `lines`. */
function written(dir: string, ...lines: MetricLine[]): string {
  const board = openTensorBoard(dir)
  for (const line of lines) board.append(line)
  board.close()
  return eventFiles(dir).at(-1)!
}

describe('openTensorBoard', () => {
  it('starts a file with its version, then a restart, then the numbers of each line', () => {
    const before = Date.now() / 1000
    const file = written(temporaryFolder(), stepOf(1, { clipFraction: 0.25 }), epochOf(1))
    const [version, restart, ...rest] = readEvents(file)
    expect(version).toMatchObject({ step: 0, fileVersion: 'brain.Event:2' })
    expect(version!.wallTime).toBeGreaterThanOrEqual(before)
    expect(version!.wallTime).toBeLessThan(before + 60)
    expect(restart).toMatchObject({ step: 1, restart: true })
    expect(rest.map(({ step }) => step)).toEqual([1, 10])
    expect(rest[0]!.scalars).toEqual({
      'train/loss': Math.fround(2.3),
      'train/lr': Math.fround(0.1),
      'train/grad_norm': 1,
      'train/clip_fraction': 0.25,
    })
    expect(rest[1]!.scalars).toMatchObject({ 'test/accuracy': 0.5, 'train/accuracy': 0.5 })
  })

  it("writes the averaged weights' figures and those of the task where there are any", () => {
    const figures = { emaAccuracy: 0.75, testMetrics: { pixelAccuracy: 0.875 } }
    const [, , { scalars } = { scalars: undefined }] = readEvents(
      written(temporaryFolder(), { ...epochOf(1), ...figures }),
    )
    expect(scalars).toMatchObject({ 'ema/accuracy': 0.75, 'test/pixelAccuracy': 0.875 })
    expect(scalars).not.toHaveProperty('ema/loss')
  })

  it('writes the signal within training by block, and no signal of other inputs', () => {
    const signal = { model: 'm', input: 'i', taps: [tapOf(2, { deadFraction: 0.5 })] }
    const file = written(
      temporaryFolder(),
      { kind: 'signal', when: 'init', signal },
      { kind: 'signal', when: 'step', step: 301, signal },
      { kind: 'end', status: 'completed', seconds: 1 },
    )
    const scalars = readEvents(file).filter(event => event.scalars)
    expect(scalars).toHaveLength(1)
    expect(scalars[0]).toMatchObject({
      step: 301,
      scalars: { 'signal/blocks.2/variance': 1, 'signal/blocks.2/dead_fraction': 0.5 },
    })
  })

  it('tells of a restart where the steps go back, and only there', () => {
    const steps = [1, 10, 20, 12, 20].map(step => stepOf(step))
    const events = readEvents(written(temporaryFolder(), ...steps, epochOf(2)))
    expect(events.map(({ step, restart }) => (restart ? `restart at ${step}` : step))).toEqual([
      ...[0, 'restart at 1', 1, 10, 20, 'restart at 12', 12, 20, 20],
    ])
  })

  it('keeps loss values that are not finite', () => {
    const [, , event] = readEvents(written(temporaryFolder(), stepOf(1, { loss: Number.NaN })))
    expect(event!.scalars!['train/loss']).toBeNaN()
  })

  it('names each file later than all that are there, also within a second or a clock set back', () => {
    vi.useFakeTimers({ now: 1_700_000_000_500 })
    const dir = temporaryFolder()
    writeFileSync(join(dir, 'metrics.jsonl'), '')
    for (let start = 0; start < 3; start++) written(dir, stepOf(start))
    vi.setSystemTime(1_600_000_000_000)
    written(dir, stepOf(3))
    const tail = `${hostname()}.${process.pid}`
    expect(readdirSync(dir).filter(name => name.startsWith('events'))).toEqual(
      [0, 1, 2, 3].map(later => `events.out.tfevents.${1_700_000_000 + later}.${tail}`),
    )
  })
})

// Values that TensorBoard 2.21 read back from such a file: see scripts/tensorboard-check.py.
describe('the bytes that TensorBoard accepts', () => {
  const hex = (data: Uint8Array) => Buffer.from(data).toString('hex')

  it('are those of a version, a restart and a summary', () => {
    expect(hex(tfRecord(versionEvent(1.5)))).toBe(
      '1a00000000000000129bd82d09000000000000f83f10001a0d627261696e2e4576656e743a32d3dc531e',
    )
    expect(hex(tfRecord(restartEvent(1.5, 300)))).toBe(
      '100000000000000095fbfe1809000000000000f83f10ac023a020801713b788a',
    )
    const scalars = { step: 300, values: [['train/loss', 2.25] as const] }
    expect(hex(tfRecord(scalarsEvent(1.5, scalars)))).toBe(
      '2100000000000000017becf609000000000000f83f10ac022a130a110a0a747261696e2f6c6f73731500001040184a3460',
    )
  })

  it('hold the checksum of RFC 3720, Appendix B.4', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e)
  })

  it('keep steps beyond 32 bits', () => {
    const file = written(temporaryFolder(), stepOf(2 ** 40 + 5))
    expect(readEvents(file).at(-1)!.step).toBe(2 ** 40 + 5)
  })
})
