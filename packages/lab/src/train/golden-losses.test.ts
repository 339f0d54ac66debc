// The first losses of one tiny run of each family: a change that is meant to change no number changes
// none here. UPDATE_GOLDEN_LOSSES=1 writes them anew; the difference is then lines of a reviewed diff.
import { readFileSync, writeFileSync } from 'node:fs'
import { manualSeed, type nn, setNumThreads } from '@normfree/torch'
import { NormFreeNet, RescaleNet } from 'normfree'
import { describe, expect, it } from 'vitest'
import type { Settings } from '../config/schema.ts'
import { batches } from '../data/batches.ts'
import { createClipper } from './clip.ts'
import { tinyConfig, tinyData } from './fixtures.test.util.ts'
import { createOptimizer } from './optimizer.ts'
import { createSession, type Session } from './session.ts'
import { trainStep } from './step.ts'

const FILE = new URL('../../goldens/losses.json', import.meta.url)
const STEPS = 20

/** One run a family, with each way of training in one of them. */
const RUNS: Record<string, { settings: Settings; create?: () => nn.Module }> = {
  // Batch norm at 8 images doubles a difference in rounding at every step; at this rate it does not.
  resnet20: { settings: { optimizer: { lr: 1e-4 } } },
  nf_resnet20: { settings: { clip: { kind: 'agc' }, ema: { decay: 0.9 } } },
  fixup_resnet20: { settings: { augment: { mix: { kind: 'timm', mixup: 0.8, cutmix: 1 } } } },
  skipinit_resnet20: { settings: { clip: { kind: 'norm' }, sam: {} } },
  test_nfnet: { settings: { clip: { kind: 'agc' }, schedule: { kind: 'step' } } },
  'a small RescaleNet': {
    settings: { accumulate: 2 },
    create: () => new RescaleNet({ layers: [1, 1, 1, 1], baseWidth: 8, numClasses: 3 }),
  },
  'a small NF-RegNet': {
    settings: { optimizer: { kind: 'adamw' } },
    create: () => new NormFreeNet(REGNET, { numClasses: 3 }),
  },
  'a small NF-Net with channel attention': {
    settings: { optimizer: { kind: 'nadamw' }, lookahead: {} },
    create: () => new NormFreeNet(ATTENTIVE, { numClasses: 3, dropRate: 0.1, dropPathRate: 0.1 }),
  },
}

type NetConfig = ConstructorParameters<typeof NormFreeNet>[0]

const SMALL = {
  convention: 'timm',
  activation: 'silu',
  alpha: 0.2,
  groupSize: 8,
  shortcut: 'avg_pool',
  depths: [1, 1, 1, 1],
  channels: [32, 48, 64, 96],
  numFeatures: 128,
  zeroInitFc: false,
} satisfies Partial<NetConfig>

const REGNET: NetConfig = {
  ...{ ...SMALL, reg: true, extraConv: false, bottleRatio: 2.25 },
  ...{ stem: { kind: '3x3', channels: 32 }, attention: { kind: 'se', ratio: 0.5 } },
}

const ATTENTIVE: NetConfig = {
  ...{ ...SMALL, reg: false, extraConv: true, bottleRatio: 0.25 },
  ...{ stem: { kind: 'deep_quad', channels: 32 }, attention: { kind: 'eca' } },
}

function sessionOf(name: string): Session {
  const { settings, create } = RUNS[name]!
  const model = create ? 'resnet20' : name
  const session = createSession(tinyConfig({ model, batchSize: 8, ...settings }), tinyData(32))
  if (!create) return session
  manualSeed(session.config.seed)
  const own = create()
  own.to({ memoryFormat: 'channels_last' })
  const { config } = session
  return {
    ...{ ...session, model: own, average: null },
    ...{ optimizer: createOptimizer(own, config), clip: createClipper(own, config.clip) },
  }
}

async function lossesOf(name: string): Promise<number[]> {
  const session = sessionOf(name)
  const { augment, batchSize, seed } = session.config
  const losses: number[] = []
  for (let epoch = 1; losses.length < STEPS; epoch++)
    for await (const batch of batches(session.data, 'train', {
      ...{ batchSize, seed, epoch, augment, shuffle: true, dropLast: true },
    })) {
      losses.push(trainStep(session, batch, session.schedule.at(losses.length)).loss)
      session.average?.update()
      if (losses.length === STEPS) break
    }
  return losses
}

describe('the losses of the first 20 steps', () => {
  setNumThreads(1)
  const update = process.env.UPDATE_GOLDEN_LOSSES !== undefined
  if (update)
    it('are written anew', async () => {
      const golden: Record<string, number[]> = {}
      for (const name of Object.keys(RUNS)) golden[name] = await lossesOf(name)
      writeFileSync(FILE, `${JSON.stringify(golden, null, 2)}\n`)
    }, 120_000)

  const golden: Record<string, number[]> = JSON.parse(readFileSync(FILE, 'utf8'))
  it.skipIf(update).each(Object.keys(RUNS))(
    'are those of %s',
    async name => {
      const losses = await lossesOf(name)
      const expected = golden[name]!
      expect(losses).toHaveLength(STEPS)
      // Rounding differs between CPUs, by up to 1.6e-6 in five steps where one has no AVX, and between
      // LibTorch 1.13 and 2.15, by up to 4.3e-6; every step doubles what it left.
      losses.forEach((loss, i) => {
        const tolerance = i < 5 ? 1e-5 : 1e-3
        const error = Math.abs(loss - expected[i]!) / expected[i]!
        expect(error, `step ${i + 1}: ${loss} for ${expected[i]}`).toBeLessThanOrEqual(tolerance)
      })
    },
    60_000,
  )
})
