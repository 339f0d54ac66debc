import { liveTensors, manualSeed, randn } from '@normfree/torch'
import { measureSignal } from 'normfree'
import { beforeAll, describe, expect, it } from 'vitest'
import { Bench } from './bench.ts'
import type { ClaimResult } from './claim.ts'
import { buildFigureNet, type FigureNetName, figureSignal } from './figure-nets.ts'
import { findClaims, runClaim } from './index.ts'
import { stageValues } from './levels.ts'

const noData = () => Promise.reject(new RangeError('no data'))
/** Nets so small that what depends on depth and size does not show. */
const bench = new Bench({ blocks: 2, side: 64, batch: 4, loadData: noData })

const valuesOf = (name: FigureNetName, statistic: Parameters<typeof stageValues>[1]) =>
  stageValues(figureSignal(bench, name), statistic)

describe('the figures’ nets', () => {
  it('are drawn anew from the seed, so that no other net before changes them', () => {
    const alone = figureSignal(
      new Bench({ blocks: 2, side: 64, batch: 4, loadData: noData }),
      'fixup',
    )
    figureSignal(bench, 'v1')
    expect(figureSignal(bench, 'fixup')).toEqual(alone)
    expect(figureSignal(bench, 'fixup')).toBe(figureSignal(bench, 'fixup'))
  })

  it('are freed once they are measured: at full size each has a gigabyte of weights', () => {
    const before = liveTensors().tensors
    figureSignal(new Bench({ blocks: 1, side: 32, loadData: noData }), 'nf')
    expect(liveTensors().tensors).toBe(before)
  })

  it('give small noise the signal of unit noise where nothing is normalized', () => {
    manualSeed(bench.seed)
    const taps = measureSignal(buildFigureNet('noNorm', [2, 2, 2, 2]), randn([4, 3, 64, 64]))
    for (const [i, tap] of figureSignal(bench, 'noNorm').taps.entries())
      expect(tap.channelVariance / taps[i]!.channelVariance).toBeCloseTo(1, 4)
  })

  it('shift the means only without standardized weights', () => {
    const shift = (name: FigureNetName) => valuesOf(name, 'channelSquaredMean')[0]![1]!
    expect(shift('nfHe')).toBeGreaterThan(5)
    expect(shift('nf')).toBeLessThan(0.1)
    expect(shift('nfUnstandardized')).toBeLessThan(0.1)
  })

  it('lose the share of each planted fault in their first branch', () => {
    const first = (name: FigureNetName) => valuesOf(name, 'residualVariance')[0]![0]!
    expect(first('nfSqrt2') / first('nf')).toBeCloseTo((1 - 1 / Math.PI) ** 3, 2)
    expect(first('nfPlainSe') / first('nfSe')).toBeCloseTo(0.25, 2)
  })
})

describe('a figure', () => {
  const found = new Map<string, ClaimResult>()
  beforeAll(async () => {
    for (const claim of findClaims(['fig-1', 'fig-7', 'fig-10', 'fig-11']))
      found.set(claim.id, await runClaim(claim, bench))
  })
  const holds = (id: string, what: RegExp) =>
    found
      .get(id)!
      .rows.filter(row => what.test(row.what))
      .map(row => row.holds)

  it('holds at any size in what does not depend on it', () => {
    expect(holds('fig-1', /^ReLU-BN-Conv: (residual|variance along stage 1)/)).toEqual([true, true])
    expect(holds('fig-7', /^BN: residual/)).toEqual([true])
    expect(holds('fig-10', /residual|largest change/)).toEqual([true, true, true])
    expect(holds('fig-11', /residual/)).toEqual([true])
  })

  it('fails where the signal is not the paper’s', () => {
    // Two blocks a stage cannot reach the levels of fifty.
    expect(holds('fig-11', /along stage 1/)).toEqual([false])
    expect(found.get('fig-11')!.verdict).toBe('failed')
  })

  it('comes with its signals, named as in the legend', () => {
    const { signals, palette } = found.get('fig-1')!.figure!
    expect(signals.map(({ model }) => model)).toEqual(['BN-ReLU-Conv', 'ReLU-BN-Conv'])
    expect(palette.slice(0, 2)).toEqual(['BN-ReLU-Conv', 'ReLU-BN-Conv'])
    expect(signals[0]!.taps).toHaveLength(9)
  })
})
