import { copyFileSync, mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  loadPth,
  manualSeed,
  nn,
  noGrad,
  randn,
  saveNpz,
  saveSafetensors,
  type Tensor,
} from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { UnknownModelError, WeightsError } from '../errors.ts'
import { largestDifference, numbers, snapshot } from '../fixtures.test.util.ts'
import { folderForTests } from '../folder.test.util.ts'
import { fillParameters } from '../goldens/fill.ts'
import { NormFreeNet, type NormFreeNetConfig } from '../models/normfree-net.ts'
import { createModel } from '../registry.ts'
import { serveHub } from './hub.test.util.ts'
import { createPretrained, loadPretrained } from './load.ts'

beforeEach(() => manualSeed(9))

const folder = folderForTests()
let files = 0
const newFile = (ending: string) => join(folder, `${files++}.${ending}`)

function filled<M extends nn.Module>(model: M): M {
  fillParameters(model)
  return model
}

/** A safetensors file of a model's state. */
function saved(model: nn.Module): string {
  const path = newFile('safetensors')
  saveSafetensors(path, model.stateDict())
  return path
}

const resnet20 = (numClasses = 10) => createModel('nf_resnet20', { numClasses })

describe('loadPretrained', () => {
  it('loads safetensors, so that the model computes what the one in the file does', async () => {
    const model = filled(resnet20())
    const images = randn([2, 3, 32, 32])
    const copy = resnet20()
    const path = saved(model)
    const loaded = await loadPretrained(copy, path)
    expect(loaded).toEqual({ path, newClassifier: false, adaptedInput: false })
    expect(numbers(noGrad(() => copy(images)))).toEqual(numbers(noGrad(() => model(images))))
  })

  it('leaves the classifier new when the file has another number of classes', async () => {
    const model = filled(resnet20(10))
    const other = resnet20(3)
    const before = snapshot(other)
    const { newClassifier } = await loadPretrained(other, saved(model))
    expect(newClassifier).toBe(true)
    const after = snapshot(other)
    const loaded = snapshot(model)
    for (const [name, values] of after)
      expect(values, name).toEqual((name.startsWith('fc.') ? before : loaded).get(name))
  })

  it.each([
    [1, (rgb: number[]) => [rgb[0] + rgb[1] + rgb[2]]],
    [2, (rgb: number[]) => [rgb[0], rgb[1]].map(value => (value * 3) / 2)],
    [5, (rgb: number[]) => [...rgb, rgb[0], rgb[1]].map(value => (value * 3) / 5)],
  ])('adapts the first kernel to images of %d channels', async (inChans, expected) => {
    const config = { ...TINY, convention: 'timm' as const }
    const model = filled(new NormFreeNet(config, { numClasses: 4 }))
    const other = new NormFreeNet(config, { numClasses: 4, inChans })
    const { adaptedInput } = await loadPretrained(other, saved(model))
    expect(adaptedInput).toBe(true)
    const kernel = (from: nn.Module, channels: number) =>
      Array.from({ length: channels }, (_, c) =>
        (from.stateDict().get('stem.conv1.weight') as Tensor)
          .select(0, 0)
          .select(0, c)
          .select(0, 1)
          .select(0, 2)
          .item(),
      )
    const adapted = kernel(other, inChans)
    expect(largestDifference(adapted, expected(kernel(model, 3)))).toBeLessThan(1e-6)
  })

  it('lists what is missing, unexpected and misshapen, and changes nothing', async () => {
    const state = new Map(filled(resnet20()).stateDict())
    state.delete('conv1.gain')
    state.set('extra', randn([2]))
    state.set('layer1.0.conv1.weight', randn([16, 16, 1, 1]))
    const path = newFile('safetensors')
    saveSafetensors(path, state)
    const model = resnet20()
    const before = snapshot(model)
    const failure = loadPretrained(model, path)
    await expect(failure).rejects.toThrow(WeightsError)
    await expect(failure).rejects.toThrow(
      /missing conv1\.gain; unexpected extra; of another shape layer1\.0\.conv1\.weight is \[16,16,1,1\], expected \[16,16,3,3\] \(.*\.safetensors\)\. It looks most like nf_resnet20\.$/,
    )
    expect(snapshot(model)).toEqual(before)
  })

  it.each(['resnet32', 'resnet50'])('names the model whose weights it has: %s', async name => {
    const path = saved(nn.utils.skipInit(() => createModel(name)))
    const failure = loadPretrained(resnet20(), path)
    await expect(failure).rejects.toThrow(new RegExp(`missing .* It is a file of ${name}\\.$`))
  })

  it.each([
    ['absent.pth', /a file that can be read.*absent\.pth/],
    ['weights.h5', /Expected a file of weights or a model of the hub/],
    ['a/b/c', /Expected a file of weights or a model of the hub/],
    ['', /Expected a file of weights or a model of the hub/],
  ])('refuses %j in one line', async (source, message) => {
    await expect(loadPretrained(resnet20(), source)).rejects.toThrow(message)
    await expect(loadPretrained(resnet20(), source)).rejects.not.toThrow('\n')
  })
})

const TINY: Omit<NormFreeNetConfig, 'convention'> = {
  ...{ activation: 'gelu', alpha: 0.2, depths: [1, 2], channels: [8, 16] },
  ...{ stem: { kind: 'deep_quad', channels: 4, hidden: [4, 4, 4] }, numFeatures: 24 },
  ...{ bottleRatio: 0.5, reg: false, extraConv: true, groupSize: 2, zeroInitFc: false },
  ...{ attention: { kind: 'se', ratio: 0.5 }, shortcut: 'avg_pool' },
}

/** Names that Haiku gives the layers of a block, beside those of timm. */
const HAIKU: readonly (readonly [timm: RegExp, haiku: string])[] = [
  [/^stem\.conv(\d)/, 'stem_conv$1'],
  [/^head\.fc/, 'linear'],
  [/attn_last\.fc1/, 'squeeze_excite/~/linear'],
  [/attn_last\.fc2/, 'squeeze_excite/~/linear_1'],
  [/downsample\.conv/, 'conv_shortcut'],
]
const CONVS: Readonly<Record<string, string>> = {
  conv1: 'conv0',
  conv2: 'conv1',
  conv2b: 'conv1b',
  conv3: 'conv2',
}

/** A state as DeepMind publishes it: Haiku's names, HWIO kernels, (in, out) matrices, flat gains. */
function haikuOf(state: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const blocks = [
    ...new Set([...state.keys()].flatMap(name => /^stages\.\d+\.\d+/.exec(name) ?? [])),
  ]
  return new Map(
    Array.from(state, ([name, tensor]) => {
      const leaf = name.slice(name.lastIndexOf('.') + 1)
      const linear = /fc\d?\.(weight|bias)$/.test(name)
      const block = /^stages\.\d+\.\d+/.exec(name)?.[0]
      const number = block === undefined ? -1 : blocks.indexOf(block)
      let path = name
        .slice(0, -leaf.length - 1)
        .replace(`${block}.`, '')
        .replace(`${block}`, '')
      path = path.replace(/^stem\.conv(\d)$/, (_, i) => `stem_conv${i - 1}`)
      if (number >= 0) path = CONVS[path] ?? path
      for (const [timm, haiku] of HAIKU.slice(1)) path = path.replace(timm, haiku)
      const scope = number < 0 ? [] : [number === 0 ? 'nf_block' : `nf_block_${number}`]
      const leaves: Record<string, string> = {
        weight: 'w',
        skipinit_gain: 'skip_gain',
        bias: linear ? 'b' : 'bias',
      }
      const parts = ['NFNet', ...scope, ...(path ? [path] : [])].join('/~/')
      return [`${parts}/${leaves[leaf] ?? leaf}`, layOut(tensor, leaf, linear)]
    }),
  )
}

function layOut(tensor: Tensor, leaf: string, linear: boolean): Tensor {
  if (leaf === 'gain') return tensor.flatten()
  if (linear && leaf === 'weight') return tensor.flatten(1).t().contiguous()
  return tensor.dim === 4 ? tensor.permute([2, 3, 1, 0]).contiguous() : tensor
}

describe('loadPretrained of an .npz with Haiku’s names', () => {
  it.each(['deepmind', 'timm_dm'] as const)(
    'fits the models that follow DeepMind (%s)',
    async convention => {
      const config = { ...TINY, convention }
      const model = filled(new NormFreeNet(config, { numClasses: 5 }))
      const haiku = haikuOf(model.stateDict())
      expect([...haiku.keys()]).toContain('NFNet/~/nf_block_2/~/squeeze_excite/~/linear_1/w')
      expect(haiku.get('NFNet/~/stem_conv0/w')?.shape).toEqual([3, 3, 3, 4])
      const path = newFile('npz')
      saveNpz(path, haiku)
      const copy = new NormFreeNet(config, { numClasses: 5 })
      await loadPretrained(copy, path)
      expect(snapshot(copy)).toEqual(snapshot(model))
    },
  )

  it('takes names whose parts are joined by dots', async () => {
    const config = { ...TINY, convention: 'deepmind' as const }
    const model = filled(new NormFreeNet(config, { numClasses: 5 }))
    const dotted = Array.from(haikuOf(model.stateDict()), ([name, tensor]): [string, Tensor] => [
      name.replaceAll('/~/', '.').replace('/', '.'),
      tensor,
    ])
    const path = newFile('npz')
    saveNpz(path, new Map(dotted))
    const copy = new NormFreeNet(config, { numClasses: 5 })
    await loadPretrained(copy, path)
    expect(snapshot(copy)).toEqual(snapshot(model))
  })

  it('refuses them in a model without SkipInit, by name', async () => {
    const model = new NormFreeNet({ ...TINY, convention: 'deepmind' }, { numClasses: 5 })
    const path = newFile('npz')
    saveNpz(path, haikuOf(model.stateDict()))
    const other = new NormFreeNet({ ...TINY, convention: 'timm' }, { numClasses: 5 })
    await expect(loadPretrained(other, path)).rejects.toThrow(/unexpected .*skip/)
  })
})

/** A file that Python wrote, for the tests of @normfree/torch. */
const fixture = (name: string) =>
  fileURLToPath(new URL(`../../../torch/src/files/fixtures/${name}`, import.meta.url))

describe('loadPretrained of files that Python wrote', () => {
  it('takes the state dict out of a checkpoint', async () => {
    const model = new nn.Sequential(new nn.Linear(2, 3), new nn.BatchNorm1d(3))
    const before = snapshot(model)
    await loadPretrained(model, fixture('checkpoint-p2-1.13.pth'))
    const weights = loadPth(fixture('checkpoint-p2-1.13.pth'), { stateDict: 'weights' })
    const expected = Array.from(weights, ([name, tensor]) => [name, numbers(tensor)] as const)
    expect(snapshot(model)).toEqual(new Map(expected))
    expect(snapshot(model)).not.toEqual(before)
  })

  it('reads an .npz that is a pickle, as DeepMind’s are', async () => {
    const path = newFile('npz')
    copyFileSync(fixture('haiku-p4.pkl'), path)
    await expect(loadPretrained(resnet20(), path)).rejects.toThrow(/unexpected Net\/~\/conv\/w/)
  })
})

describe('createPretrained', () => {
  it('has the classes and channels that it is told, else the classes of the file', async () => {
    const path = saved(filled(resnet20(7)))
    const images = (channels: number) => randn([1, channels, 32, 32])
    const { model } = await createPretrained('nf_resnet20', path)
    expect(model(images(3)).shape).toEqual([1, 7])
    const other = await createPretrained('nf_resnet20', path, { numClasses: 3 })
    expect(other.model(images(3)).shape).toEqual([1, 3])
  })

  it('takes weights and preprocessing from the hub', async () => {
    const source = filled(resnet20(7))
    const config = {
      architecture: 'nf_resnet20',
      pretrained_cfg: { crop_pct: 0.8, mean: [0, 0, 0] },
    }
    const files = {
      'model.safetensors': readFileSync(saved(source)),
      'config.json': Buffer.from(JSON.stringify(config)),
    }
    const hub = await serveHub('timm/tiny.in1k', files)
    try {
      const options = { hubUrl: hub.url, cacheDir: mkdtempSync(join(folder, 'hub-')) }
      for (const id of ['timm/tiny.in1k', 'hf-hub:timm/tiny.in1k', 'timm/tiny.in1k@main']) {
        const { model, preprocessing } = await createPretrained('nf_resnet20', id, options)
        expect(snapshot(model)).toEqual(snapshot(source))
        expect(preprocessing).toMatchObject({ size: 32, cropPct: 0.8, mean: [0, 0, 0] })
      }
      hub.files.set('config.json', Buffer.from('{"pretrained_cfg"'))
      const broken = createPretrained('nf_resnet20', 'timm/tiny.in1k', {
        ...options,
        cacheDir: mkdtempSync(join(folder, 'hub-')),
      })
      await expect(broken).rejects.toThrow(/Expected a JSON object in config\.json/)
      hub.files.delete('model.safetensors')
      const empty = createPretrained('nf_resnet20', 'timm/tiny.in1k', options)
      await expect(empty).rejects.toThrow(
        /Expected model\.safetensors or pytorch_model\.bin in timm/,
      )
    } finally {
      await hub.close()
    }
  })

  it('refuses a model that there is none of before it looks for weights', async () => {
    await expect(createPretrained('nf_resnet2', 'timm/none')).rejects.toThrow(UnknownModelError)
  })
})
