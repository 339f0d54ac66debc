// Every family in onnxruntime, which shares no code with LibTorch, beside our own forward pass.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { ArgumentError, cumsum, manualSeed, nn, noGrad, randn, type Tensor } from '@normfree/torch'
import ort from 'onnxruntime-node'
import { beforeEach, describe, expect, it } from 'vitest'
import { createDepthModel, createSegmentationModel } from '../dense/dense-model.ts'
import { hooksLeftBy, largestDifference, numbers, snapshot } from '../fixtures.test.util.ts'
import { folderForTests } from '../folder.test.util.ts'
import { fillParameters } from '../goldens/fill.ts'
import { createModel, listModels, modelEntry } from '../registry.ts'
import { exportOnnx, OnnxExportError, type OnnxExportOptions } from './index.ts'

beforeEach(() => manualSeed(6))

const folder = folderForTests()
const newFile = () => join(mkdtempSync(join(folder, 'export-')), 'model.onnx')

function exported(model: nn.Module, shape: number[], options: OnnxExportOptions = {}): string {
  const path = newFile()
  exportOnnx(model, randn(shape), path, options)
  return path
}

const session = (path: string) =>
  ort.InferenceSession.create(path, { intraOpNumThreads: 1, logSeverityLevel: 3 })

/** The largest difference between the file and the model on noise, as a share of the output. */
async function differenceOn(
  path: string,
  model: nn.Module,
  ...shapes: number[][]
): Promise<number> {
  const runtime = await session(path)
  const differences: number[] = []
  for (const shape of shapes) {
    const x = randn(shape)
    const feeds = { input: new ort.Tensor('float32', x.data() as Float32Array, shape) }
    const { output } = await runtime.run(feeds)
    const expected = noGrad(() => model.eval()(x))
    expect(output.dims).toEqual(expected.shape)
    const values = numbers(expected)
    const scale = Math.max(...values.map(Math.abs))
    differences.push(largestDifference(Array.from(output.data as Float32Array), values) / scale)
  }
  await runtime.release()
  return Math.max(...differences)
}

/** The smallest member of each family, and of each way of normalizing, padding and attending. */
const MEMBERS = [
  ...['resnet20', 'resnet20_gn', 'resnet20_gn_ws', 'resnet20_ln', 'resnet20_in', 'nf_resnet20'],
  ...['resnetv2_20', 'fixup_resnet20', 'skipinit_resnet20', 'rezero_resnet20', 'resnet20_nonorm'],
  ...['resnet18', 'resnext50_32x4d', 'resnetv2_18', 'resnetv2_50_relu_bn', 'selu_resnetv2_50'],
  ...['fixup18', 'skipinit_resnet26', 'rezero_resnet26', 'rescale50', 'regnety_002', 'vgg11_bn'],
  ...['efficientnet_b0', 'nf_seresnet26', 'nf_ecaresnet26', 'dm_nf_resnet26', 'nf_regnet_b0'],
  ...['dm_nf_regnet_b0', 'test_nfnet'],
]

/** A model with open branches and, where it gathers statistics, statistics. */
function settledModel(name: string): nn.Module {
  const model = createModel(name)
  fillParameters(model)
  const side = modelEntry(name).resolution === 32 ? 16 : 64
  noGrad(() => {
    const passes = name.startsWith('rescale') ? 8 : 1
    for (let i = 0; i < passes; i++) model.train()(randn([2, 3, side, side]))
  })
  return model
}

describe('exportOnnx', () => {
  it('is checked for every family of the registry', () => {
    const families = new Set(MEMBERS.map(name => modelEntry(name).family))
    expect(families).toEqual(new Set(listModels().map(({ family }) => family)))
  })

  it.each(MEMBERS)(
    'gives the outputs of %s in onnxruntime, for batches of 1 and 3',
    async name => {
      const model = settledModel(name)
      const image = modelEntry(name).resolution === 32 ? [3, 32, 32] : [3, 64, 64]
      const path = exported(model, [1, ...image])
      expect(await differenceOn(path, model, [1, ...image], [3, ...image])).toBeLessThan(1e-4)
      for (const tensor of model.stateDict().values()) tensor.dispose()
      rmSync(path)
    },
    300_000,
  )

  it.each<[string, () => nn.Module]>([
    ['segmentation, normalizer-free', () => createSegmentationModel('nf_resnet20')],
    ['segmentation, batch norm', () => createSegmentationModel('resnet18')],
    ['depth, normalizer-free', () => createDepthModel('nf_resnet20')],
    ['depth, batch norm', () => createDepthModel('resnet20')],
  ])('gives the outputs of a dense model: %s', async (_, create) => {
    const model = create()
    fillParameters(model)
    const image = [3, 36, 40]
    const path = exported(model, [1, ...image])
    expect(await differenceOn(path, model, [1, ...image], [3, ...image])).toBeLessThan(1e-4)
  })

  it('takes images of other sizes when asked to, and refuses to where padding depends on them', async () => {
    const model = settledModel('test_nfnet')
    const path = exported(model, [1, 3, 64, 64], { dynamicSize: true })
    expect(await differenceOn(path, model, [2, 3, 96, 71])).toBeLessThan(1e-4)
    const same = createModel('dm_nf_resnet26')
    expect(() => exported(same, [1, 3, 64, 64], { dynamicSize: true })).toThrow(OnnxExportError)
  })

  it('puts the weights into a file beside when asked to', async () => {
    const model = settledModel('resnet20')
    const path = newFile()
    const options = { externalData: true }
    const { files } = exportOnnx(model, randn([1, 3, 32, 32]), path, options)
    expect(files).toEqual([path, `${path}.data`])
    expect(readFileSync(files[0]).length).toBeLessThan(readFileSync(files[1]).length / 10)
    expect(await differenceOn(path, model, [2, 3, 32, 32])).toBeLessThan(1e-4)
    expect(readdirSync(join(path, '..'))).toHaveLength(2)
  })

  it('never leaves an old graph beside new weights', () => {
    const path = newFile()
    writeFileSync(path, 'old graph')
    // A folder that is not empty cannot be replaced by the file of the weights.
    mkdirSync(join(`${path}.data`, 'x'), { recursive: true })
    const write = () =>
      exportOnnx(createModel('resnet20'), randn([1, 3, 32, 32]), path, { externalData: true })
    expect(write).toThrow()
    expect(existsSync(path)).toBe(false)
  })

  it('stores standardized kernels as plain ones', () => {
    const text = readFileSync(exported(createModel('nf_resnet20'), [1, 3, 32, 32])).toString(
      'latin1',
    )
    expect(text).toContain('layer1.0.conv1')
    expect(text).toContain('layer1.0.conv1.bias')
    expect(text).not.toContain('layer1.0.conv1.weight')
    expect(text).not.toContain('layer1.0.conv1.gain')
  })

  it('names its batch dimension N and, where they vary, the sides H and W', async () => {
    const path = exported(new nn.AvgPool2d(1), [1, 3, 8, 8], { dynamicSize: true })
    const { inputMetadata, outputMetadata } = await session(path)
    const expected = { type: 'float32', shape: ['N', 3, 'H', 'W'] }
    expect(inputMetadata[0]).toMatchObject({ name: 'input', ...expected })
    expect(outputMetadata[0]).toMatchObject({ name: 'output', ...expected })
  })

  it('leaves the model as it was', () => {
    const model = createModel('resnet20')
    const before = snapshot(model)
    const { left, registered } = hooksLeftBy(() => exported(model, [1, 3, 32, 32]))
    expect(registered).toBeGreaterThan(50)
    expect(left).toBe(0)
    expect(model.training).toBe(true)
    expect(snapshot(model)).toEqual(before)
  })
})

/** A model of one function. */
class Made extends nn.Module {
  readonly inner: nn.Module

  constructor(f: (x: Tensor) => Tensor) {
    super()
    class Inner extends nn.Module {
      override forward(x: Tensor): Tensor {
        return f(x)
      }
    }
    this.inner = new Inner()
  }

  override forward(x: Tensor): Tensor {
    return this.inner(x)
  }
}

describe('exportOnnx refuses', () => {
  const running = new nn.Buffer(randn([3]))
  it.each<[string, (x: Tensor) => Tensor, RegExp]>([
    ['an operator without a row', x => cumsum(x, 1), /received cumsum in inner, which has no row/],
    [
      'a form that its row does not know',
      x => x.to('float64'),
      /to.dtype_layout in inner, with dtype/,
    ],
    [
      'numbers read from the input',
      x => x.mul(x.max().item()),
      /mul.Scalar in inner, with numbers/,
    ],
    [
      'two sizes that vary',
      x => x.view([x.shape[0] * 3, -1]).view([x.shape[0], 3]),
      /varying|more than one/,
    ],
    [
      'state that the pass overwrites',
      x => x.add(running.add_(x.mean([0]))),
      /add_.Tensor .* in inner/,
    ],
    [
      'other operators for other inputs',
      x => (x.shape[0] > 1 ? x.relu() : x.tanh()),
      /the passes part at tanh in inner/,
    ],
    ['what is drawn anew', x => x.add(randn([3])), /weights and settings .* add.Tensor in inner/],
    ['an output that no input reaches', () => running.add(1), /one tensor made from its input/],
  ])('%s', (_, f, message) => {
    const build = () => exported(new Made(f), [1, 3])
    expect(build).toThrow(OnnxExportError)
    expect(build).toThrow(message)
  })

  it('dtypes that no typed array holds, empty batches, and other endings', () => {
    const half = new nn.Linear(2, 2).to({ dtype: 'bfloat16' })
    const input = randn([1, 2]).to('bfloat16')
    expect(() => exportOnnx(half, input, newFile())).toThrow(/float32 .* received bfloat16/)
    const model = new nn.Linear(2, 2)
    expect(() => exportOnnx(model, randn([0, 2]), newFile())).toThrow(ArgumentError)
    expect(() => exportOnnx(model, randn([1, 2]), 'model.pb')).toThrow(/ends in .onnx/)
  })

  it('and writes nothing then', () => {
    const path = newFile()
    const model = new Made(x => cumsum(x, 1))
    expect(() => exportOnnx(model, randn([1, 3]), path)).toThrow(OnnxExportError)
    expect(readdirSync(join(path, '..'))).toEqual([])
  })
})
