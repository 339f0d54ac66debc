import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { manualSeed, saveSafetensors } from '@normfree/torch'
import { createModel, initialSignal } from 'normfree'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { signalOf } from './signal-of.ts'

// Below the package, so that `@normfree/torch` is found by name.
const build = fileURLToPath(new URL('../../../../build', import.meta.url))
mkdirSync(build, { recursive: true })
const folder = mkdtempSync(join(build, 'signal-of-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
beforeEach(() => manualSeed(6))

const SMALL = { draws: 2, batch: 4 }

/** A net for grey images with one residual block. */
const greyNet = join(folder, 'grey.mjs')
writeFileSync(
  greyNet,
  `import { nn } from '@normfree/torch'
class Block extends nn.Module {
  conv = new nn.Conv2d(4, 4, 1)
  forward(x) { return x.add(this.conv(x)) }
}
export default () => new nn.Sequential(new nn.Conv2d(1, 4, 3), new Block())
`,
)

describe('signalOf', () => {
  it('is that of the model at initialisation where nothing else is said', async () => {
    const request = { ...SMALL, resolution: 16 }
    const signal = await signalOf({ model: 'nf_resnet20', ...request })
    manualSeed(6)
    expect(signal).toEqual(initialSignal('nf_resnet20', request))
  })

  it('draws the model of a file anew, on noise with its channels', async () => {
    const signal = await signalOf({ module: greyNet, ...SMALL, resolution: 8 })
    expect(signal).toMatchObject({
      model: 'grey',
      input: 'N(0, 1) noise, 1 x 8 x 8, batch 4, mean of 2 draws',
    })
    expect(signal.taps.map(({ name }) => name)).toEqual(['stem', '1'])
    const [low, high] = signal.taps[1].bands?.channelVariance ?? []
    expect(high! / low!).toBeGreaterThan(1.01)
  })

  it('takes images for testing, and their classes for gradients', async () => {
    const statistics = ['gradientVariance'] as const
    const signal = await signalOf({ model: 'resnet20', data: 'synthetic', statistics, ...SMALL })
    expect(signal.input).toBe('test images of synthetic, 3 x 32 x 32, batch 4, mean of 2 draws')
    for (const tap of signal.taps) expect(tap.gradientVariance).toBeGreaterThan(0)
  })

  it('takes the weights of a checkpoint as they are', async () => {
    const model = createModel('nf_resnet20', { numClasses: 3 })
    const weights = join(folder, 'w.safetensors')
    saveSafetensors(weights, model.stateDict(), {})
    const signal = await signalOf({
      model: 'nf_resnet20',
      weights,
      draws: 1,
      batch: 8,
      resolution: 32,
    })
    // Branches are closed at the start, and nothing opens them: a stage keeps its variance.
    const [, first, second, third] = signal.taps
    expect(second.channelVariance).toBe(first.channelVariance)
    expect(third.channelVariance).toBe(first.channelVariance)
  })

  it.each([
    [{ module: join(folder, 'gone.mjs') }, 'there is none at'],
    [{ model: 'resnet20', weights: join(folder, 'gone.pth') }, 'gone.pth'],
    [{ model: 'resnet20', data: 'imagenet' }, '"imagenet"'],
    [{ model: 'resnet21', data: 'synthetic' }, 'resnet21'],
  ])('says of %j what is wrong', async (request, said) => {
    await expect(signalOf(request)).rejects.toThrow(said)
  })
})
