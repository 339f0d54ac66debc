import { ArgumentError, manualSeed, nn, noGrad, optim, randn, type Tensor } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { adaptiveClipGrad_, gradientNorm } from '../clip.ts'
import { largestDifference, numbers } from '../fixtures.test.util.ts'
import { fillParameters, referenceBatch } from '../goldens/fill.ts'
import { countMacs, countParameters } from '../inspect.ts'
import { standardizeWeights_ } from '../layers/scaled-std-conv.ts'
import { measureSignal, openBranches } from '../signal/measure.ts'
import { residualBlocks } from '../signal/taps.ts'
import { CifarResNet, type CifarResNetForm } from './cifar-resnet.ts'

beforeEach(() => manualSeed(5))

const resnet20 = () => new CifarResNet({ depth: 20, form: 'batch' })
const nfResnet20 = () => new CifarResNet({ depth: 20, form: 'nf' })

const { images, labels } = referenceBatch(2, 32)
const relative = (actual: number, expected: number) => Math.abs(actual / expected - 1)
const crossEntropy = (logits: Tensor) =>
  nn.functional.crossEntropy(logits, labels, { labelSmoothing: 0.1 })

function filledAs<M extends nn.Module>(model: M): M {
  fillParameters(model)
  return model
}

/** The state dict of the Fixup authors' ResNet of n blocks a stage, by the rule of its names. */
function referenceState(n: number): [string, number[]][] {
  const conv = (name: string, out: number, input: number): [string, number[]] => [
    `${name}.weight`,
    [out, input, 3, 3],
  ]
  const norm = (name: string, channels: number): [string, number[]][] => [
    [`${name}.weight`, [channels]],
    [`${name}.bias`, [channels]],
    [`${name}.running_mean`, [channels]],
    [`${name}.running_var`, [channels]],
    [`${name}.num_batches_tracked`, []],
  ]
  const blocks = [16, 32, 64].flatMap((width, stage) =>
    Array.from({ length: n }, (_, block): [string, number[]][] => {
      const input = stage > 0 && block === 0 ? width / 2 : width
      const name = `layer${stage + 1}.${block}`
      return [
        conv(`${name}.conv1`, width, input),
        ...norm(`${name}.bn1`, width),
        conv(`${name}.conv2`, width, width),
        ...norm(`${name}.bn2`, width),
        ...(input === width ? [] : norm(`${name}.downsample.1`, input)),
      ]
    }).flat(),
  )
  return [
    conv('conv1', 16, 3),
    ...norm('bn1', 16),
    ...blocks,
    ['fc.weight', [10, 64]],
    ['fc.bias', [10]],
  ]
}

describe('CifarResNet with batch norm', () => {
  // Counts of hongyi-zhang/Fixup, cifar/models/resnet_cifar.py.
  it.each([
    [20, 269_818, 40.55],
    [32, 464_250, 68.86],
    [44, 658_682, 97.17],
    [56, 853_114, 125.49],
    [110, 1_728_058, 252.89],
  ])('of depth %d has %d parameters and %f million MACs', (depth, parameters, megaMacs) => {
    const model = new CifarResNet({ depth, form: 'batch' })
    expect(countParameters(model)).toBe(parameters)
    expect(countMacs(model, 32) / 1e6).toBeCloseTo(megaMacs, 2)
  })

  it('has the names and shapes of the Fixup authors’ state dict, in their order', () => {
    const state = Array.from(resnet20().stateDict(), ([name, { shape }]) => [name, shape])
    expect(state).toEqual(referenceState(3))
  })

  it('starts with every norm at weight 1 and the kernels at variance 2 / fan-out', () => {
    const model = resnet20()
    for (const [name, parameter] of model.namedParameters())
      if (/bn\d\.weight$/.test(name)) expect(new Set(numbers(parameter))).toEqual(new Set([1]))
    const kernel = model.stateDict().get('layer3.0.conv1.weight') as Tensor
    expect(kernel.square().mean().item() * 64 * 9).toBeCloseTo(2, 1)
  })
})

// What hongyi-zhang/Fixup's ResNet-20 computes in float32 with PyTorch from the same deterministic
// weights and images: forward, backward, AGC by timm's unit norm, one step of SGD.
describe('CifarResNet against the Fixup authors’ ResNet-20', () => {
  const REFERENCE = {
    logitsNorm: 3.3186075687,
    loss: 2.4694778919,
    gradNorm: 12.586917877,
    gradNormAfterAgc: 0.36910995841,
    lossAfterStep: 2.0602192879,
    logitsNormAfterStep: 3.436937809,
    stemGradNorm: 2.6701667309,
    headGradNorm: 4.7118558884,
    firstLogits: [-0.5531826019, -0.0755485147, -1.463889837, -0.7253553867, -0.0474335998],
    blocks: {
      'layer1.0': [0.5038511753, 0.7785315514],
      'layer1.2': [1.3013067245, 1.5882641077],
      'layer2.0': [0.2383342385, 0.5865306854],
      'layer3.0': [0.2346321493, 0.5809144974],
      'layer3.2': [0.9483937621, 1.2310593128],
    } as Record<string, [squaredMean: number, variance: number]>,
  }
  const filledModel = () => filledAs(resnet20())

  it('has its logits, loss and gradients', () => {
    const model = filledModel()
    const logits = model(images)
    const loss = crossEntropy(logits)
    loss.backward()
    expect(relative(logits.norm().item(), REFERENCE.logitsNorm)).toBeLessThan(1e-4)
    expect(relative(loss.item(), REFERENCE.loss)).toBeLessThan(1e-4)
    expect(
      largestDifference(numbers(logits).slice(0, 5), REFERENCE.firstLogits) / REFERENCE.logitsNorm,
    ).toBeLessThan(1e-3)
    expect(relative(gradientNorm(model.namedParameters()), REFERENCE.gradNorm)).toBeLessThan(1e-4)
    const gradNormOf = (name: string) =>
      gradientNorm([...model.namedParameters()].filter(([key]) => key === name))
    expect(relative(gradNormOf('conv1.weight'), REFERENCE.stemGradNorm)).toBeLessThan(1e-4)
    expect(relative(gradNormOf('fc.weight'), REFERENCE.headGradNorm)).toBeLessThan(1e-4)
  })

  it('has its gradients after AGC and its loss after a step of SGD', () => {
    const model = filledModel()
    const optimizer = new optim.SGD(model.parameters(), {
      ...{ lr: 0.1, momentum: 0.9, nesterov: true },
      weightDecay: 5e-5,
    })
    crossEntropy(model(images)).backward()
    const report = adaptiveClipGrad_(model.namedParameters(), {
      ...{ clipFactor: 0.01, eps: 1e-3 },
      reading: 'timm',
    })
    expect(relative(report.gradNorm, REFERENCE.gradNorm)).toBeLessThan(1e-4)
    const clippedNorm = gradientNorm(model.namedParameters())
    expect(relative(clippedNorm, REFERENCE.gradNormAfterAgc)).toBeLessThan(1e-4)
    optimizer.step()
    const logits = model(images)
    expect(relative(crossEntropy(logits).item(), REFERENCE.lossAfterStep)).toBeLessThan(1e-4)
    expect(relative(logits.norm().item(), REFERENCE.logitsNormAfterStep)).toBeLessThan(1e-4)
  })

  it('has its activations’ statistics at the ends of blocks', () => {
    const taps = measureSignal(filledModel(), images)
    for (const [block, [squaredMean, variance]] of Object.entries(REFERENCE.blocks)) {
      const tap = taps.find(({ name }) => name === block)!
      expect(relative(tap.channelSquaredMean, squaredMean)).toBeLessThan(1e-4)
      expect(relative(tap.channelVariance, variance)).toBeLessThan(1e-4)
    }
  })
})

// The formulas of NF-ResNets (Scaled WS, gamma, beta, alpha, SkipInit, the reset at transitions)
// written anew as 40 lines of PyTorch 1.13, on the same weights and images; AGC in the deepmind
// reading, the classifier left out.
describe('CifarResNet against NF-ResNet-20 in PyTorch', () => {
  const REFERENCE = {
    logitsNorm: 2.8008737564,
    loss: 2.1440954208,
    gradNorm: 3.2687008808,
    gradNormAfterAgc: 2.7881361531,
    lossAfterStep: 1.1441349983,
    logitsNormAfterStep: 4.8058600426,
    firstLogits: [-0.174617, -0.406188, 0.18918428, -0.11830057, 0.52321374],
    blocks: {
      'layer1.0': [0.0039609969, 0.9665010571],
      'layer2.0': [0.0061271959, 0.9296252131],
      'layer3.0': [0.0232307501, 0.8089543581],
      'layer3.2': [0.0230261236, 0.8248260617],
    } as Record<string, [squaredMean: number, variance: number]>,
  }
  const filledModel = () => filledAs(nfResnet20())

  it('has its logits, loss, gradients, and loss after a clipped step', () => {
    const model = filledModel()
    const optimizer = new optim.SGD(model.parameters(), {
      ...{ lr: 0.1, momentum: 0.9, nesterov: true },
      weightDecay: 5e-5,
    })
    const logits = model(images)
    const loss = crossEntropy(logits)
    loss.backward()
    expect(relative(logits.norm().item(), REFERENCE.logitsNorm)).toBeLessThan(1e-4)
    expect(largestDifference(numbers(logits).slice(0, 5), REFERENCE.firstLogits)).toBeLessThan(1e-3)
    expect(relative(loss.item(), REFERENCE.loss)).toBeLessThan(1e-4)
    const { gradNorm } = adaptiveClipGrad_(model.namedParameters(), { exclude: ['fc'] })
    expect(relative(gradNorm, REFERENCE.gradNorm)).toBeLessThan(1e-4)
    const clippedNorm = gradientNorm(model.namedParameters())
    expect(relative(clippedNorm, REFERENCE.gradNormAfterAgc)).toBeLessThan(1e-4)
    optimizer.step()
    const after = model(images)
    expect(relative(crossEntropy(after).item(), REFERENCE.lossAfterStep)).toBeLessThan(1e-4)
    expect(relative(after.norm().item(), REFERENCE.logitsNormAfterStep)).toBeLessThan(1e-4)
  })

  it('has its activations’ statistics at the ends of blocks', () => {
    const taps = measureSignal(filledModel(), images)
    for (const [block, [squaredMean, variance]] of Object.entries(REFERENCE.blocks)) {
      const tap = taps.find(({ name }) => name === block)!
      expect(relative(tap.channelSquaredMean, squaredMean)).toBeLessThan(1e-3)
      expect(relative(tap.channelVariance, variance)).toBeLessThan(1e-4)
    }
  })
})

describe('CifarResNet without normalizers', () => {
  it.each([
    ['nf', 0],
    ['none', 0],
    ['batch', 19 + 2],
  ] as const)('in the form %s has %d batch norms', (form, count) => {
    const modules = [...new CifarResNet({ depth: 20, form }).namedModules()]
    const norms = modules.filter(([, module]) => module instanceof nn.BatchNorm2d)
    expect(norms).toHaveLength(count)
  })

  it.each(['nf', 'none'] as const)(
    'computes an image of a batch as it does the image alone (%s)',
    form => {
      const model = new CifarResNet({ depth: 20, form })
      openBranches(model)
      const images = randn([4, 3, 32, 32])
      const together = noGrad(() => model(images))
      const alone = noGrad(() => model(images.slice(0, 2, 3)))
      const row = numbers(together.slice(0, 2, 3))
      expect(Math.max(...row.map(Math.abs))).toBeGreaterThan(1e-3)
      expect(largestDifference(row, numbers(alone))).toBeLessThan(1e-5)
    },
  )

  it('starts, normalizer-free, as the identity in every block that is no transition', () => {
    const checked: string[] = []
    for (const [name, block] of residualBlocks(nfResnet20())) {
      if (block.position.stage > 0 && block.position.block === 0) continue
      const x = randn([2, 16 << block.position.stage, 8, 8])
      expect(numbers((block as unknown as nn.Module)(x))).toEqual(numbers(x))
      checked.push(name)
    }
    expect(checked).toHaveLength(7)
  })

  it('starts, normalizer-free, with a classifier of N(0, 0.01^2) and without bias', () => {
    const { weight, bias } = nfResnet20().fc
    expect(weight.square().mean().sqrt().item()).toBeCloseTo(0.01, 3)
    expect(new Set(numbers(bias!))).toEqual(new Set([0]))
  })

  it('scales its betas with alpha', () => {
    const betas = (alpha: number) =>
      [...new CifarResNet({ depth: 20, form: 'nf', alpha }).namedModules()].flatMap(
        ([name, module]) =>
          name.endsWith('act1') ? [(module as unknown as { beta: number }).beta] : [],
      )
    const expected = [1, Math.SQRT2, Math.sqrt(3), 2, Math.SQRT2, Math.sqrt(3), 2]
    expect(largestDifference(betas(1).slice(0, 7), expected)).toBeLessThan(1e-12)
  })
})

describe('CifarResNet with other norms', () => {
  it.each(['group', 'group_ws', 'layer', 'instance'] as const)(
    'has %s norms where batch norm stands, in its names and shapes',
    form => {
      const shapes = (of: CifarResNetForm) =>
        Array.from(new CifarResNet({ depth: 20, form: of }).namedParameters(), each => [
          each[0],
          each[1].shape,
        ])
      expect(shapes(form)).toEqual(shapes('batch'))
    },
  )

  it('starts, with ReZero, as the identity in every block that is no transition', () => {
    const model = new CifarResNet({ depth: 20, form: 'batch', rezero: true })
    const block = residualBlocks(model)[1][1] as unknown as nn.Module
    const x = randn([2, 16, 8, 8]).relu()
    expect(numbers(block(x))).toEqual(numbers(x))
    expect(countParameters(model)).toBe(269_818 + 9)
  })

  it('trains decoupled kernels, which are standardized between steps', () => {
    const options = { depth: 8, form: 'nf', weightStandardization: 'decoupled' } as const
    const model = new CifarResNet(options)
    const optimizer = new optim.SGD(model.parameters(), { lr: 10 })
    openBranches(model)
    crossEntropy(model(images)).backward()
    optimizer.step()
    const squares = () =>
      numbers(model.getParameter('layer1.0.conv2.weight').square().sum([1, 2, 3]))
    expect(largestDifference(squares(), Array(16).fill(1))).toBeGreaterThan(1e-3)
    standardizeWeights_(model)
    expect(largestDifference(squares(), Array(16).fill(1))).toBeLessThan(1e-4)
  })
})

describe('CifarResNet', () => {
  it.each([21, 2, 8.5, -4])('refuses depth %d, which is not 6n + 2', depth => {
    const build = () => new CifarResNet({ depth, form: 'nf' })
    expect(build).toThrow(ArgumentError)
    expect(build).toThrow('`depth`')
  })

  it('takes any number of classes, and images of other sizes', () => {
    const model = new CifarResNet({ depth: 8, form: 'nf', numClasses: 3 })
    expect(noGrad(() => model(randn([2, 3, 16, 24]))).shape).toEqual([2, 3])
  })
})
