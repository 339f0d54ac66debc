import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nn } from '@normfree/torch'
import { checkModelOptions, createModel, listModels, type ModelOptions } from 'normfree'
import { describe, expect, it } from 'vitest'
import { createClipper } from '../train/clip.ts'
import { parameterGroups } from '../train/optimizer.ts'
import { createSchedule } from '../train/schedule.ts'
import { expandPlan, loadPlan, type PlannedRun } from './plan.ts'
import type { RunConfig } from './schema.ts'
import { unsourcedNumbers } from './sources.test.util.ts'

const folder = fileURLToPath(new URL('../../../../recipes/', import.meta.url))
const files = readdirSync(folder).filter(file => file.endsWith('.yaml'))
const models = listModels().map(({ name }) => name)

const runsOf = async (file: string): Promise<PlannedRun[]> =>
  expandPlan(await loadPlan(join(folder, file), { models, checkModelOptions }))

const configOf = async (file: string, name: string): Promise<RunConfig> => {
  const run = (await runsOf(file)).find(run => run.name.startsWith(name))
  expect(run, `${name} in ${file}`).toBeDefined()
  return run!.config
}

/** Images of each training set. */
const IMAGENET = 1_281_167
const CIFAR = 50_000
const VOC = 10_582

/** The rate at `epochs` (a fraction of one counts) or at a step, of a set of `images`. */
async function rateOf(file: string, name: string, images: number) {
  const config = await configOf(file, name)
  const stepsPerEpoch = images / config.batchSize
  const schedule = createSchedule(config, stepsPerEpoch)
  return {
    atStep: (step: number) => schedule.at(step),
    atEpoch: (epoch: number) => schedule.at(Math.round(epoch * stepsPerEpoch)),
    steps: config.epochs * stepsPerEpoch,
  }
}

describe.each(files)('recipes/%s', file => {
  it('is a plan whose runs are valid, of models that there are, with options that they have', async () => {
    const runs = await runsOf(file)
    expect(runs.length).toBeGreaterThan(1)
  })

  it('names parameters that its first net has', async () => {
    const [{ config }] = (await runsOf(file)) as [PlannedRun]
    const options = { ...(config.modelOptions as ModelOptions) }
    const model = nn.utils.skipInit(() => createModel(config.model, options))
    const parameters = [...model.namedParameters()]
    expect(() => parameterGroups(parameters, config.optimizer)).not.toThrow()
    expect(() => createClipper(model, config.clip)).not.toThrow()
  })

  it('names the source of every number', () => {
    expect(unsourcedNumbers(readFileSync(join(folder, file), 'utf8'))).toEqual([])
  })
})

describe('unsourcedNumbers', () => {
  it('finds a number without a comment on its line or above it', () => {
    const text = [
      'lr: 0.1 # the paper',
      'momentum: 0.9',
      'model: resnet20',
      '# the paper, too',
      'epochs: 90',
      '',
      'batchSize: 1024',
      'runs:',
      '  # of all of these',
      '  - { name: 8, lr: 0.2 }',
      '  - { name: 16, lr: 0.4 }',
      'seeds: [1]',
    ]
    expect(unsourcedNumbers(text.join('\n'))).toEqual([
      '2: momentum: 0.9',
      '7: batchSize: 1024',
      '12: seeds: [1]',
    ])
  })
})

describe('the comparisons of ResNet-20', () => {
  it.each(['cifar10.yaml', 'demo.yaml'])('of %s are of four nets, one with AGC', async file => {
    const runs = await runsOf(file)
    expect(runs.map(({ name, config }) => [name, config.model])).toEqual([
      ['batch norm', 'resnet20'],
      ['no norm', 'resnet20_nonorm'],
      ['no norm + AGC 0.01', 'resnet20_nonorm'],
      ['normalizer-free', 'nf_resnet20'],
    ])
    const agc = { kind: 'agc', factor: 0.01, eps: 1e-3, exclude: ['fc'] }
    expect(runs[2]!.config.clip).toEqual(agc)
  })

  it('of the report are of three nets at batch 1024, and 20 pairs of batch and factor', async () => {
    const three = await runsOf('agc-cifar10.yaml')
    expect(three).toHaveLength(9)
    expect(new Set(three.map(({ config }) => config.batchSize))).toEqual(new Set([1024]))
    const sweep = await runsOf('agc-sweep-cifar10.yaml')
    const pairs = sweep.map(({ config: { batchSize, clip } }) =>
      clip.kind === 'agc' ? `${batchSize} ${clip.factor}` : '',
    )
    expect(new Set(pairs).size).toBe(20)
    expect(pairs).toContain('1024 0.01')
  })
})

describe('the schedules', () => {
  it('of NF-ResNets are those of the released code, step by step', async () => {
    const { atStep, steps } = await rateOf('nf-resnet.yaml', 'NF-ResNet-50', IMAGENET)
    expect(Math.floor(steps)).toBe(112_602)
    for (const [step, lr] of [
      [1000, 0.063942],
      [6255, 0.399955],
      [6256, 0.4],
      [50_000, 0.25499],
      [100_000, 0.0137],
      [112_602, 0],
    ] as const)
      expect(atStep(step), `step ${step}`).toBeCloseTo(lr, 5)
  })

  it('of NF-ResNets are scaled as table 1 and table 2 say', async () => {
    const half = await rateOf('nf-resnet.yaml', 'Fixup-101', IMAGENET)
    expect(half.atEpoch(5)).toBeCloseTo(0.2, 5)
    const runs = await runsOf('nf-resnet-small-batch.yaml')
    const rates = runs.map(({ config: { batchSize, optimizer } }) => [batchSize, optimizer.lr])
    const expected = [
      [1024, 0.4],
      [8, 0.025],
      [4, 0.01],
    ]
    expect(rates).toEqual([...expected, ...expected])
    // The 2.4 million steps that the text gives for batch 4 are those of batch 8.
    const { steps } = await rateOf('nf-resnet-small-batch.yaml', 'NF 8', IMAGENET)
    expect(steps / 1e6).toBeCloseTo(2.4, 2)
  })

  it('of NF-RegNets end at the floor of the released configuration', async () => {
    const { atEpoch, steps } = await rateOf('nf-regnet.yaml', 'B0', IMAGENET)
    expect(Math.floor(steps)).toBe(450_410)
    expect([atEpoch(5), atEpoch(360)].map(lr => Number(lr.toFixed(4)))).toEqual([0.4, 0.001])
    const decays = (await runsOf('nf-regnet.yaml')).map(
      ({ config }) => config.optimizer.weightDecay,
    )
    expect([...new Set(decays)]).toEqual([5e-5, 6e-5, 7e-5, 8e-5, 9e-5, 1e-4])
  })

  it('of NFNets rise to a tenth for every 256 images', async () => {
    const { atStep, atEpoch, steps } = await rateOf('nfnet.yaml', 'F0', IMAGENET)
    expect(Math.floor(steps)).toBe(112_602)
    expect(atStep(1564)).toBeCloseTo(1.6, 4)
    expect(atEpoch(182.5)).toBeCloseTo(0.8, 3)
    expect(atEpoch(360)).toBeCloseTo(0, 5)
  })

  it.each<[string, string, number, [epoch: number, lr: number][]]>([
    ['fixup-cifar10.yaml', 'Fixup-110', CIFAR, steps([0, 99, 100, 149, 150, 199], 0.1, 100, 150)],
    ['fixup-imagenet.yaml', 'Fixup-50', IMAGENET, steps([0, 29, 30, 59, 60, 89], 0.1, 30, 60)],
    [
      'rescale-net.yaml',
      'rescale50',
      IMAGENET,
      [[2.5, 0.2], ...steps([5, 34.9, 35.1, 64.9, 65.1, 94.9, 95.1], 0.4, 35, 65, 95)],
    ],
    [
      'rescale-net.yaml',
      'rescale50, cosine',
      IMAGENET,
      [
        [5, 0.4],
        [55, 0.2],
        [105, 4e-6],
      ],
    ],
    ['fcn-voc.yaml', 'NF 50', VOC, steps([0, 31.4, 31.6, 40.4, 40.6], 0.003, 31.5, 40.5)],
  ])('of %s, %s, fall where the documents say', async (file, name, images, expected) => {
    const { atEpoch } = await rateOf(file, name, images)
    for (const [epoch, lr] of expected)
      expect(atEpoch(epoch) / lr, `epoch ${epoch}`).toBeCloseTo(1, 3)
  })

  it('of the dense tasks and of fine-tuning take as many steps as their sources', async () => {
    const { steps } = await rateOf('fcn-voc.yaml', 'NF 50', 661 * 16)
    expect(Math.abs(steps / 30_000 - 1)).toBeLessThan(0.01)
    const { epochs, batchSize } = await configOf('caltech101.yaml', 'ECA-NFNet-L0')
    expect(epochs * Math.floor((101 * 30) / batchSize)).toBe(500)
  })
})

/** Rates that are a tenth from each of the milestones on. */
function steps(
  epochs: number[],
  lr: number,
  ...milestones: number[]
): [epoch: number, lr: number][] {
  return epochs.map(epoch => [epoch, lr * 0.1 ** milestones.filter(at => epoch >= at).length])
}

describe('the nets of the recipes', () => {
  it('train at the sides of their papers and are tested at larger ones', async () => {
    const runs = await runsOf('nfnet.yaml')
    const sides = runs.map(({ config: { data, progressive } }) => [
      progressive?.[0]?.resolution,
      Number(/size=(\d+)/.exec(data)?.[1]),
    ])
    expect(sides.slice(0, 7)).toEqual([
      [192, 256],
      [224, 320],
      [256, 352],
      [320, 416],
      [384, 512],
      [416, 544],
      [448, 576],
    ])
  })

  it('of SAM are those of F6 alone, and clip all but the classifier’s kernel', async () => {
    const runs = await runsOf('nfnet.yaml')
    expect(runs.filter(({ config }) => config.sam).map(({ name }) => name)).toEqual(['F6 + SAM'])
    for (const { config } of runs)
      expect(config.clip).toMatchObject({ kind: 'agc', factor: 0.01, exclude: ['fc.weight'] })
  })

  it('leave channels out where RescaleNet does', () => {
    const options = { dropConv: 0.03, dropRate: 0.3 }
    const model = nn.utils.skipInit(() => createModel('rescale50', options))
    const rates = model.modules().flatMap(m => (m instanceof nn.Dropout2d && m.p > 0 ? [m.p] : []))
    expect(new Set(rates)).toEqual(new Set([0.03]))
    expect(rates).toHaveLength(9)
  })
})
