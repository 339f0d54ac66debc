import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { RunRecordError } from './errors.ts'
import { openMetrics, readMetrics } from './metrics.ts'
import { epochOf, stepOf, tapOf, temporaryFolder } from './testing.ts'
import type { MetricLine } from './types.ts'

function append(dir: string, ...lines: MetricLine[]): void {
  const metrics = openMetrics(dir)
  for (const line of lines) metrics.append(line)
  metrics.close()
}

describe('openMetrics and readMetrics', () => {
  it('read back every kind of line as it was written', () => {
    const dir = temporaryFolder()
    const lines: MetricLine[] = [
      { kind: 'signal', when: 'init', signal: { model: 'm', input: 'i', alpha: 0.2, taps: [] } },
      stepOf(1, { clipFraction: 0.25 }),
      epochOf(1),
      { kind: 'event', step: 1, event: 'rollback', message: 'back to step 0' },
      { kind: 'end', status: 'diverged', message: 'NaN in blocks.3', seconds: 2 },
    ]
    append(dir, ...lines)
    expect(readMetrics(dir)).toEqual(lines)
  })

  it('write non-finite numbers as null and read them back as NaN', () => {
    const dir = temporaryFolder()
    append(dir, stepOf(1, { loss: Number.NaN, gradNorm: Number.POSITIVE_INFINITY }))
    expect(readFileSync(join(dir, 'metrics.jsonl'), 'utf8')).toContain('"loss":null')
    expect(readMetrics(dir)).toEqual([stepOf(1, { loss: Number.NaN, gradNorm: Number.NaN })])
  })

  it('keep null where it means that a block has no such number', () => {
    const dir = temporaryFolder()
    const stem = tapOf(0, { residualVariance: null, predictedVariance: null })
    const signal = { model: 'm', input: 'i', taps: [stem] }
    append(dir, { kind: 'signal', when: 'end', signal })
    expect(readMetrics(dir)[0]).toMatchObject({ signal: { taps: [stem] } })
  })

  it('keep what else was measured of a tap, what was expected, its bands and a note', () => {
    const dir = temporaryFolder()
    const bands = { channelVariance: [0.9, 1.1], contribution: [0.2, 0.3] } as const
    const expected = { channelVariance: 1.1, residualVariance: 1 }
    const taps = [tapOf(0), tapOf(1, { contribution: 0.25, deadFraction: 0, expected, bands })]
    const signal = { model: 'm', input: 'i', note: 'n', taps }
    append(dir, { kind: 'signal', when: 'init', signal })
    expect(readMetrics(dir)).toEqual([{ kind: 'signal', when: 'init', signal }])
  })

  it('refuse a band that is not two numbers', () => {
    const dir = temporaryFolder()
    for (const band of [[1], [1, 'x'], 3]) {
      const taps = [{ ...tapOf(1), bands: { pixelNorm: band } }]
      const line = { kind: 'signal', when: 'init', signal: { model: 'm', input: 'i', taps } }
      writeFileSync(join(dir, 'metrics.jsonl'), `${JSON.stringify(line)}\n`)
      expect(() => readMetrics(dir)).toThrow('Expected two numbers for `pixelNorm`')
    }
  })

  it('find nothing where nothing was written', () => {
    expect(readMetrics(temporaryFolder())).toEqual([])
  })

  it('refuse to append to a closed record', () => {
    const metrics = openMetrics(temporaryFolder())
    metrics.close()
    metrics.close()
    expect(() => metrics.append(stepOf(1))).toThrow('Expected an open record')
  })
})

describe('readMetrics', () => {
  it('ignores a torn last line and leaves it where it is', () => {
    const dir = temporaryFolder()
    append(dir, stepOf(1))
    appendFileSync(join(dir, 'metrics.jsonl'), '{"kind":"step","st')
    const before = readFileSync(join(dir, 'metrics.jsonl'), 'utf8')
    expect(readMetrics(dir)).toEqual([stepOf(1)])
    expect(readFileSync(join(dir, 'metrics.jsonl'), 'utf8')).toBe(before)
  })

  it('names file and line of a damaged line in the middle', () => {
    const dir = temporaryFolder()
    const file = join(dir, 'metrics.jsonl')
    writeFileSync(file, `${JSON.stringify(stepOf(1))}\n{"kind":"st\n${JSON.stringify(stepOf(2))}\n`)
    expect(() => readMetrics(dir)).toThrow(`${file}:2`)
  })

  it('refuses a kind of line it does not know', () => {
    const dir = temporaryFolder()
    writeFileSync(join(dir, 'metrics.jsonl'), '{"kind":"weather"}\n')
    expect(() => readMetrics(dir)).toThrow(
      'Expected step or epoch or signal or event or end for `kind` but received "weather"',
    )
  })

  it('names the tap that is wrong', () => {
    const dir = temporaryFolder()
    const taps = [tapOf(0), { ...tapOf(1), stageEnd: 'yes' }]
    const line = { kind: 'signal', when: 'init', signal: { model: 'm', input: 'i', taps } }
    writeFileSync(join(dir, 'metrics.jsonl'), `${JSON.stringify(line)}\n`)
    expect(() => readMetrics(dir)).toThrow('metrics.jsonl:1, signal, taps[1]')
  })
})

describe('openMetrics', () => {
  it('goes back to a position, from which nothing is lost or doubled', () => {
    const dir = temporaryFolder()
    append(dir, stepOf(1), epochOf(1))
    const metrics = openMetrics(dir)
    metrics.append(stepOf(2))
    const position = metrics.position()
    expect(position).toEqual({
      bytes: readFileSync(join(dir, 'metrics.jsonl')).length,
      lines: 3,
    })
    metrics.append(stepOf(3))
    metrics.cut(position)
    metrics.append(stepOf(4))
    expect(metrics.position().lines).toBe(4)
    metrics.close()
    expect(readMetrics(dir)).toEqual([stepOf(1), epochOf(1), stepOf(2), stepOf(4)])
  })

  it.each([
    ['beyond the end', { bytes: 10_000, lines: 2 }],
    ['within a line', { bytes: 10, lines: 0 }],
    ['of other lines', { bytes: 0, lines: 1 }],
  ])('refuses to go back to a position %s, and cuts nothing', (_, position) => {
    const dir = temporaryFolder()
    append(dir, stepOf(1), stepOf(2))
    const metrics = openMetrics(dir)
    expect(() => metrics.cut(position)).toThrow(RunRecordError)
    metrics.close()
    expect(readMetrics(dir)).toEqual([stepOf(1), stepOf(2)])
  })

  it('cuts off a torn line before it appends', () => {
    const dir = temporaryFolder()
    append(dir, stepOf(1))
    appendFileSync(join(dir, 'metrics.jsonl'), '{"kind":"step","st')
    append(dir, stepOf(2))
    expect(readMetrics(dir)).toEqual([stepOf(1), stepOf(2)])
  })

  it('cuts off a torn line longer than it reads at once, and one with nothing before it', () => {
    const long = temporaryFolder()
    append(long, stepOf(1))
    appendFileSync(join(long, 'metrics.jsonl'), 'x'.repeat(200_000))
    append(long, stepOf(2))
    expect(readMetrics(long)).toEqual([stepOf(1), stepOf(2)])

    const only = temporaryFolder()
    writeFileSync(join(only, 'metrics.jsonl'), '{"kind"')
    append(only, stepOf(1))
    expect(readMetrics(only)).toEqual([stepOf(1)])
  })
})
