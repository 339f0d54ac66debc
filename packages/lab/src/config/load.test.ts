import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkModelOptions } from 'normfree'
import { describe, expect, it } from 'vitest'
import { folderForTests } from '../folder.test.util.ts'
import { ConfigError } from './errors.ts'
import { loadRecipe, parseRunConfig } from './load.ts'
import type { Settings } from './schema.ts'

const folder = folderForTests()

const recipe = (text: string) => {
  const file = join(folder, 'recipe.yaml')
  writeFileSync(file, text)
  return file
}

/** The lines of the ConfigError that a recipe gives, without the folder. */
async function complaints(text: string, set: string[] = []): Promise<string[]> {
  const error = await loadRecipe(recipe(text), {
    set,
    models: ['m', 'resnet20', 'nf_resnet20'],
  }).catch(error => error)
  expect(error).toBeInstanceOf(ConfigError)
  expect(error.exitCode).toBe(2)
  return error.message.replaceAll(`${folder}/`, '').split('\n')
}

const complaint = (settings: Settings) => {
  try {
    return JSON.stringify(parseRunConfig({ model: 'm', ...settings }))
  } catch (error) {
    return (error as Error).message
  }
}

describe('parseRunConfig', () => {
  it('fills in every default', () => {
    expect(parseRunConfig({ model: 'nf_resnet20' })).toEqual({
      data: 'synthetic',
      model: 'nf_resnet20',
      epochs: 15,
      batchSize: 128,
      optimizer: { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 5e-4 },
      schedule: { warmupEpochs: 1, finalLr: 0 },
      labelSmoothing: 0.1,
      clip: { kind: 'none' },
      augment: { crop: 4, flip: true },
      checkpoint: { every: 1, keepLast: 1, keepBest: 1 },
      precision: 'auto',
      seed: 0,
    })
  })

  it('fills in the defaults of the kind of clipping', () => {
    expect(parseRunConfig({ model: 'm', clip: { kind: 'agc' } }).clip).toEqual({
      kind: 'agc',
      factor: 0.01,
      eps: 1e-3,
      exclude: ['fc'],
    })
  })

  it('fills in the defaults of what else is named, as in the codes they come from', () => {
    const config = parseRunConfig({
      ...{ model: 'm', ema: {}, sam: {}, lookahead: {}, 'optimizer.kind': 'lamb' },
      ...{ 'schedule.kind': 'plateau', sam: undefined },
    })
    expect(config.ema).toEqual({ decay: 0.9999, warmup: true })
    expect(config.lookahead).toEqual({ k: 6, alpha: 0.5 })
    expect(config.optimizer).toEqual({
      ...{ kind: 'lamb', lr: 1e-3, weightDecay: 0.01 },
      ...{ betas: [0.9, 0.999], eps: 1e-6, maxGradNorm: 1 },
    })
    expect(config.schedule).toEqual({
      ...{ kind: 'plateau', warmupEpochs: 1, finalLr: 0 },
      ...{ gamma: 0.1, patience: 10, threshold: 1e-4, cooldown: 0 },
    })
    expect(parseRunConfig({ model: 'm', sam: {} }).sam).toEqual({ rho: 0.05, fraction: 1 })
  })

  it('fills in the defaults of augmentations that are named, as in the codes they come from', () => {
    const { augment } = parseRunConfig({
      model: 'm',
      'augment.resizedCrop': {},
      'augment.colorJitter.brightness': 0.4,
      'augment.randAugment.kind': 'timm',
      'augment.mix.kind': 'deepmind',
      'augment.erase.probability': 0.25,
    })
    expect(augment).toEqual({
      ...{ crop: 4, flip: true },
      resizedCrop: { area: [0.08, 1], aspect: [3 / 4, 4 / 3], interpolation: 'bicubic' },
      colorJitter: { brightness: 0.4, contrast: 0, saturation: 0, hue: 0 },
      randAugment: {
        ...{ kind: 'timm', layers: 2, magnitude: 9, magnitudeStd: 0.5 },
        ...{ increasing: true, probability: 0.5 },
      },
      mix: { kind: 'deepmind', method: 'mixup_cutmix', alpha: 0.2 },
      erase: { probability: 0.25, area: [0.02, 1 / 3], aspect: 0.3, mode: 'pixel', count: 1 },
    })
  })

  it('reads dotted keys as nested ones', () => {
    const config = parseRunConfig({ model: 'm', 'optimizer.lr': 0.2, optimizer: { momentum: 0.8 } })
    expect(config.optimizer).toMatchObject({ lr: 0.2, momentum: 0.8 })
  })

  it.each<[Settings, string]>([
    [{ batchSize: 0 }, 'recipe: batchSize: expected an integer >= 1 and <= 65536 but received 0'],
    [{ batchSize: -8 }, 'recipe: batchSize: expected an integer >= 1 and <= 65536 but received -8'],
    [
      { batchSize: 1.5 },
      'recipe: batchSize: expected an integer >= 1 and <= 65536 but received 1.5',
    ],
    [
      { 'optimizer.lr': Number.NaN },
      'recipe: optimizer.lr: expected a number > 0 but received NaN',
    ],
    [
      { 'optimizer.lr': Number.POSITIVE_INFINITY },
      'recipe: optimizer.lr: expected a number > 0 but received Infinity',
    ],
    [
      { labelSmoothing: 1 },
      'recipe: labelSmoothing: expected a number >= 0 and < 1 but received 1',
    ],
    [
      { 'augment.resizedCrop.area': [0.5] },
      'recipe: augment.resizedCrop.area: expected a list of 2 items but received [0.5]',
    ],
    [
      { 'augment.resizedCrop.area': [0.5, 0.1] },
      'recipe: augment.resizedCrop.area: expected two numbers, the smaller one first. Swap them.',
    ],
    [
      { 'augment.resizedCrop': 0.5 },
      'recipe: augment.resizedCrop: expected a mapping of settings or null but received 0.5',
    ],
    [
      { 'augment.resizedCrop.ares': [0.5, 1] },
      'recipe: augment.resizedCrop.ares: unknown key. Did you mean augment.resizedCrop.area?',
    ],
    [
      { 'augment.randAugment': { kind: 'timm', magnitude: 11 } },
      'recipe: augment.randAugment.magnitude: expected a number >= 0 and <= 10 but received 11',
    ],
    [
      { 'augment.mix': { kind: 'deepmind', mixup: 1 } },
      'recipe: augment.mix.mixup: unknown for augment.mix.kind "deepmind". Remove it or change the kind.',
    ],
    [
      { 'augment.erase': {} },
      'recipe: augment.erase.probability: expected a number >= 0 and <= 1 but received nothing',
    ],
    [{ augment: { flip: 'no' } }, 'recipe: augment.flip: expected true or false but received "no"'],
    [{ optimizer: 0.1 }, 'recipe: optimizer: expected a mapping of settings but received 0.1'],
    [
      { precision: 'fp16' },
      'recipe: precision: expected one of auto, float32, bfloat16, float16 but received "fp16"',
    ],
    [
      { clip: { kind: 'acg' } },
      'recipe: clip.kind: expected one of none, agc, norm, value but received "acg"',
    ],
    [
      { clip: {} },
      'recipe: clip.kind: expected one of none, agc, norm, value but received nothing',
    ],
    [
      { 'clip.factor': 0.01, 'clip.kind': 'none' },
      'recipe: clip.factor: unknown for clip.kind "none". Remove it or change the kind.',
    ],
    [
      { clip: { kind: 'agc', exclude: 'fc' } },
      'recipe: clip.exclude: expected a list but received "fc"',
    ],
    [
      { epochs: 1 },
      'recipe: epochs: expected more than the 1 of schedule.warmupEpochs but received 1. Train for longer or shorten the warm-up.',
    ],
    [{ lr: 0.1 }, 'recipe: lr: unknown key. Did you mean optimizer.lr?'],
    [{ optimiser: {} }, 'recipe: optimiser: unknown key. Did you mean optimizer?'],
    [
      { optimizer: { wightDecay: 0 } },
      'recipe: optimizer.wightDecay: unknown key. Did you mean optimizer.weightDecay?',
    ],
    [
      { optimizer: { betas: [0.9, 0.99] } },
      'recipe: optimizer.betas: unknown without optimizer.kind. Remove it or say the kind.',
    ],
    [
      { optimizer: { kind: 'adamw', momentum: 0.9 } },
      'recipe: optimizer.momentum: unknown for optimizer.kind "adamw". Remove it or change the kind.',
    ],
    [
      { optimizer: { kind: 'adamw', betas: [0.9, 1] } },
      'recipe: optimizer.betas[1]: expected a number >= 0 and < 1 but received 1',
    ],
    [
      { 'optimizer.groups': [{ mach: ['fc'], lrScale: 1 }] },
      'recipe: optimizer.groups[0].mach: unknown key. Did you mean optimizer.groups[0].match?\nrecipe: optimizer.groups[0].match: expected a list with at least one item but received nothing',
    ],
    [
      { 'optimizer.groups': [{ match: ['fc'] }] },
      'recipe: optimizer.groups[0]: expected weightDecay, lrScale or both beside match. Add one or remove the group.',
    ],
    [
      { schedule: { kind: 'multistep' } },
      'recipe: schedule.milestones: expected a list with at least one item but received nothing',
    ],
    [
      { schedule: { kind: 'step', finalLr: 1e-3 } },
      'recipe: schedule.finalLr: unknown for schedule.kind "step". Remove it or change the kind.',
    ],
    [
      { schedule: { kind: 'cosin' } },
      'recipe: schedule.kind: expected one of cosine, linear, polynomial, tanh, step, multistep, plateau, constant but received "cosin"',
    ],
    [
      { accumulate: 3 },
      'recipe: accumulate: expected a divisor of batchSize (128) but received 3. batchSize counts the images of one step, accumulate the parts that they are cut into.',
    ],
    [
      { sam: {}, lookahead: {} },
      'recipe: lookahead: expected sam or lookahead but received both. Remove one.',
    ],
    [
      { sam: {}, precision: 'float16' },
      'recipe: precision: expected float32 or bfloat16 with sam but received "float16". Choose one of them.',
    ],
    [{ 'sam.fraction': 0 }, 'recipe: sam.fraction: expected a number > 0 and <= 1 but received 0'],
    [{ 'ema.decay': 1 }, 'recipe: ema.decay: expected a number >= 0 and < 1 but received 1'],
    [
      { progressive: [{ until: 0.5, resolution: 2 }] },
      'recipe: progressive[0].resolution: expected an integer >= 4 and <= 2048 but received 2',
    ],
    [
      {
        progressive: [
          { until: 0.5, resolution: 16 },
          { until: 0.5, resolution: 24 },
        ],
      },
      'recipe: progressive: expected a larger `until` in each phase than in the one before. Put them in order.',
    ],
    [
      { augment: { jitterStrength: 1 } },
      'recipe: augment.jitterStrength: unknown key. Known keys: crop, flip, resizedCrop, colorJitter, randAugment, mix, erase.',
    ],
    [
      { 'optimizer.lr': 0.1, optimizer: { lr: 0.2 } },
      'recipe: optimizer.lr: given twice, dotted and nested. Keep one of them.',
    ],
  ])('refuses %j', (settings, message) => {
    expect(complaint(settings)).toBe(message)
  })

  it('says that the model is missing', () => {
    expect(() => parseRunConfig({})).toThrow('recipe: model: expected text but received nothing')
  })
})

describe('loadRecipe', () => {
  it('reports all issues at once, each with the line and column of its key', async () => {
    const text = 'model: nf_resnet20\nbatchSize: 0\n\noptimizer:\n      lr: fast\nepoch: 3\n'
    expect(await complaints(text)).toEqual([
      'recipe.yaml:2:1: batchSize: expected an integer >= 1 and <= 65536 but received 0',
      'recipe.yaml:5:7: optimizer.lr: expected a number > 0 but received "fast"',
      'recipe.yaml:6:1: epoch: unknown key. Did you mean epochs?',
    ])
  })

  it('lays --set arguments over the file, the last one on top', async () => {
    const file = recipe('model: nf_resnet20\noptimizer: {lr: 0.1}\nclip: {kind: norm, max: 2}\n')
    const set = ['optimizer.lr=1', 'optimizer.lr=0.3', 'clip={kind: agc}']
    const config = await loadRecipe(file, { set })
    expect(config.optimizer.lr).toBe(0.3)
    expect(config.clip).toMatchObject({ kind: 'agc', factor: 0.01 })
  })

  it('names --set as the place of what was wrong there', async () => {
    expect(await complaints('model: m\n', ['optimizer.lr=fast', 'bachSize=3'])).toEqual([
      '--set: bachSize: unknown key. Did you mean batchSize?',
      '--set: optimizer.lr: expected a number > 0 but received "fast"',
    ])
    expect(await complaints('model: m\n', ['=3'])).toEqual([
      '--set: expected key=value but received "=3"',
    ])
  })

  it('makes a configuration from --set alone', async () => {
    expect(await loadRecipe(undefined, { set: ['model=resnet20'] })).toMatchObject({
      model: 'resnet20',
    })
  })

  it('proposes the nearest names for an unknown model', async () => {
    expect(await complaints('model: nf_resnet2\n')).toEqual([
      'recipe.yaml:1:1: model: expected the name of a model but received "nf_resnet2". Did you mean nf_resnet20?',
    ])
    expect(await complaints('model: transformer\n')).toEqual([
      'recipe.yaml:1:1: model: expected the name of a model but received "transformer". `normfree models` lists them.',
    ])
  })

  it('takes options of the model, which the model must have and the data not decide', async () => {
    const file = recipe('model: rescale50\nmodelOptions: {c: 0}\n')
    const set = ['modelOptions.depthInit=false']
    const { modelOptions } = await loadRecipe(file, { set, checkModelOptions })
    expect(modelOptions).toEqual({ c: 0, depthInit: false })
    const wrong = (text: string) =>
      loadRecipe(recipe(text), { checkModelOptions }).catch(({ message }) =>
        message.replaceAll(`${folder}/`, ''),
      )
    expect(await wrong('model: resnet20\nmodelOptions: {c: 0}\n')).toMatch(
      /^recipe\.yaml:2:1: modelOptions: expected no `c` for resnet20, which does not have it/,
    )
    expect(await wrong('model: resnet20\nmodelOptions: {numClasses: 3}\n')).toBe(
      'recipe.yaml:2:16: modelOptions.numClasses: expected nothing, as the data decides it. Remove it.',
    )
    expect(await wrong('model: resnet20\nmodelOptions: {norm: [1]}\n')).toMatch(
      /^recipe\.yaml:2:16: modelOptions\.norm: expected /,
    )
  })

  it('refuses a file that is empty or no mapping', async () => {
    expect(await complaints('')).toEqual([
      'recipe.yaml:1:1: expected a mapping of settings but received null',
    ])
    expect(await complaints('- 1\n')).toEqual([
      'recipe.yaml:1:1: expected a mapping of settings but received [1]',
    ])
  })

  it('shows 20 lines and counts the rest', async () => {
    const text = Array.from({ length: 25 }, (_, i) => `zzzzzz${i}: 1`).join('\n')
    const lines = await complaints(`model: m\n${text}\n`)
    expect(lines).toHaveLength(21)
    expect(lines.at(-1)).toBe('and 5 more')
  })
})
