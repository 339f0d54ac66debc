import { describe, expect, it } from 'vitest'
import { clipAlarms, type Reading, signalAlarms } from './alarms.ts'

const tap = (name: string, changes: Partial<Reading> = {}): Reading => ({
  ...{ name, channelVariance: 1, deadFraction: 0, spectralNorm: 2, conditionNumber: 6 },
  ...changes,
})
const start = [tap('stem', { channelVariance: 0.4 }), tap('layer1.0'), tap('layer1.1')]
const messages = (now: readonly Reading[], first: readonly Reading[] = start) =>
  signalAlarms(first, now).map(({ message }) => message)

describe('signalAlarms', () => {
  it('are silent for what training does to a signal that learns', () => {
    const grown = { channelVariance: 40, deadFraction: 0.6, spectralNorm: 8, conditionNumber: 60 }
    expect(signalAlarms(start, [tap('stem', grown), tap('layer1.0', grown)])).toEqual([])
    expect(signalAlarms(start, start)).toEqual([])
  })

  it('name the first block of an explosion, in the order of the pass, and the evidence', () => {
    const now = [
      tap('stem'),
      tap('layer1.0', { channelVariance: 2345 }),
      tap('layer1.1', { channelVariance: 1e9 }),
    ]
    expect(messages(now)).toEqual([
      'layer1.0: the variance rose from 1 to 2300; the weights are still moderate: a lower optimizer.lr or a longer warm-up may help',
    ])
    expect(signalAlarms(start, now)[0]!.collapse).toBe(true)
  })

  it('blame weights where they grew', () => {
    const now = [
      tap('stem', { spectralNorm: 50 }),
      tap('layer1.0', { channelVariance: 5000, spectralNorm: 300 }),
    ]
    expect(messages(now)[0]).toMatch(
      /^layer1\.0: .*; the weights of stem grew, their largest singular value from 2 to 50: /,
    )
  })

  it('tell a signal that vanishes from one that began too large', () => {
    expect(messages([tap('layer1.0', { channelVariance: 0.004 })])[0]).toContain(
      'layer1.0: the variance fell from 1 to 0.004',
    )
    const large = [tap('layer1.0', { channelVariance: 400 })]
    expect(messages([tap('layer1.0', { channelVariance: 0.03 })], large)).toEqual([])
    const small = [tap('layer1.0', { channelVariance: 0.01 })]
    expect(messages([tap('layer1.0', { channelVariance: 0.002 })], small)).toEqual([])
    expect(messages([tap('layer1.0', { channelVariance: 0 })], small)[0]).toContain('0.01 to 0;')
  })

  it('see dead channels, kernels that lose directions, and what is not finite', () => {
    const now = [
      tap('layer1.0', { channelVariance: Number.NaN }),
      tap('layer1.1', { deadFraction: 0.97, conditionNumber: Number.POSITIVE_INFINITY }),
    ]
    expect(messages(now).map(message => message.split(';')[0])).toEqual([
      'layer1.0: activations are not finite',
      'layer1.1: 97% of the rectified channels are dead',
      "layer1.1: the worst kernel's condition number rose from 6 to Infinity",
    ])
  })

  it('do not judge by what was not measured, or was no number at first', () => {
    const bare = [{ name: 'layer1.0', channelVariance: 1 }]
    expect(signalAlarms(bare, bare)).toEqual([])
    const zero = [tap('layer1.0', { spectralNorm: 0, conditionNumber: Number.NaN })]
    expect(signalAlarms(zero, [tap('layer1.0', { conditionNumber: 1e12 })])).toEqual([])
  })
})

describe('clipAlarms', () => {
  it('begin where all but every unit is clipped, and are no collapse', () => {
    expect(clipAlarms(0.98)).toEqual([])
    expect(clipAlarms(0.995)).toEqual([
      {
        collapse: false,
        message: expect.stringMatching(/^99% of all units are clipped; clip\.fac/),
      },
    ])
  })
})
