import { manualSeed, nn, randn, type Tensor } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { meanSignal } from './draws.ts'
import { drawSignal, initialSignal, type SignalSource, sampleSize } from './initial.ts'

beforeEach(() => manualSeed(9))

class Exploding extends nn.Module {
  readonly conv = new nn.Conv2d(4, 4, 1)

  override forward(x: Tensor): Tensor {
    return this.conv(x.mul(1e30))
  }
}

describe('initialSignal', () => {
  const SMALL = { batch: 4, resolution: 16 }

  it('says what it measured', () => {
    const signal = initialSignal('resnet20', { ...SMALL, draws: 2 })
    expect(signal.model).toBe('resnet20')
    expect(signal.input).toBe('N(0, 1) noise, 3 x 16 x 16, batch 4, mean of 2 draws')
    expect(signal).not.toHaveProperty('alpha')
  })

  it('is the mean of its draws, each of new weights', () => {
    manualSeed(10)
    const [first, second] = [1, 2].map(
      () => initialSignal('nf_resnet20', { ...SMALL, draws: 1 }).taps,
    )
    expect(second).not.toEqual(first)
    manualSeed(10)
    expect(initialSignal('nf_resnet20', { ...SMALL, draws: 2 }).taps).toEqual(
      meanSignal([first, second]),
    )
  })

  it.each([
    ['nf_resnet20', 128, {}, { draws: 5, batch: 16 }],
    ['dm_nfnet_f0', 512, {}, { draws: 4, batch: 2 }],
    ['dm_nfnet_f6', 512, {}, { draws: 1, batch: 2 }],
    ['dm_nfnet_f6', 512, { draws: 4 }, { draws: 4, batch: 2 }],
    ['dm_nfnet_f0', 512, { batch: 32, draws: 5 }, { draws: 5, batch: 32 }],
  ])('measures %s at %d px, given %j, on %j', (name, side, given, size) => {
    expect(sampleSize(name, side, given)).toEqual(size)
  })

  it('notes where the signal of a model overflows', () => {
    const source: SignalSource = {
      name: 'mine',
      create: () =>
        new nn.Sequential(new nn.Conv2d(3, 4, 1), new Exploding(), new nn.Conv2d(4, 4, 1)),
      images: () => randn([2, 3, 4, 4]),
      input: 'noise',
    }
    const { note, input, taps } = drawSignal(source, { draws: 2 })
    expect(note).toBe(
      'no residual sums: the taps are the convolutions and linear layers; not finite from 1.conv on',
    )
    expect(input).toBe('noise, mean of 2 draws')
    expect(taps.map(({ channelVariance }) => Number.isFinite(channelVariance))).toEqual([
      ...[true, true, false, false],
    ])
  })

  it.each([0, 1.5])('refuses %d draws', draws => {
    expect(() => initialSignal('resnet20', { draws })).toThrow('`draws`')
  })
})
