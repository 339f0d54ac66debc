import {
  ArgumentError,
  getRngState,
  liveTensors,
  manualSeed,
  nn,
  noGrad,
  randn,
  type Tensor,
  tensor,
} from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { filled, numbers, snapshot } from '../fixtures.test.util.ts'
import { createModel } from '../registry.ts'
import { type LossSurface, lossSurface } from './loss-surface.ts'

beforeEach(() => manualSeed(33))

class Point extends nn.Module {
  readonly theta = new nn.Parameter(tensor([1, -2, 3], { dtype: 'float64' }))
  /** No loss here reads it. */
  readonly unused = new nn.Parameter(tensor([7]))

  override forward(x: Tensor): Tensor {
    return x.mul(this.theta)
  }
}

const CURVATURES = [1, 4, 0.5]
const bowl = ({ theta }: Point) =>
  theta
    .square()
    .mul(tensor(CURVATURES, { dtype: 'float64' }))
    .sum()
    .mul(0.5)

describe('lossSurface', () => {
  it('has the closed form of a quadratic: change of the gradient = step |A g|', () => {
    const point = new Point()
    const g = [1, -8, 1.5]
    const norm = Math.hypot(...g)
    const bent = Math.hypot(...g.map((each, i) => CURVATURES[i] * each))
    const surface = lossSurface(point, () => bowl(point), { steps: [0.1, 0.5] })
    expect(surface.loss).toBeCloseTo(10.75, 9)
    expect(surface.gradientNorm).toBeCloseTo(norm, 9)
    expect(surface.points.map(({ step }) => step)).toEqual([0.1, 0.5])
    for (const { step, loss, gradientChange, smoothness } of surface.points) {
      expect(gradientChange).toBeCloseTo(step * bent, 9)
      expect(smoothness).toBeCloseTo(bent / norm, 9)
      const moved = [1, -2, 3].map((each, i) => each - step * g[i])
      expect(loss).toBeCloseTo(moved.reduce((sum, x, i) => sum + CURVATURES[i] * x * x, 0) / 2, 9)
    }
    expect(surface.lossRange).toEqual(
      surface.points.map(({ loss }) => loss).toSorted((a, b) => a - b),
    )
    expect(surface.gradientChange).toBeCloseTo(0.5 * bent, 9)
    expect(surface.effectiveSmoothness).toBeCloseTo(bent / norm, 9)
  })

  it('finds a plane perfectly smooth', () => {
    const point = new Point()
    const surface = lossSurface(point, () => point.theta.sum(), { steps: [1, 10] })
    expect(surface.effectiveSmoothness).toBeCloseTo(0, 12)
    expect(surface.points.map(({ loss }) => loss)).toEqual([2 - 3, 2 - 30])
  })

  it('leaves everything bit for bit as it was, also when the loss throws', () => {
    const model = new nn.Sequential(
      new nn.Linear(4, 8),
      new nn.BatchNorm1d(8),
      new nn.Dropout(0.5),
      new nn.Linear(8, 1),
    )
    const x = randn([16, 4])
    model(x).sum().backward()
    const state = () => [
      snapshot(model),
      model.parameters().map(({ grad }) => numbers(grad!)),
      numbers(getRngState()),
      [...model.modules()].map(({ training }) => training),
    ]
    const before = state()
    const loss = () => model(x).square().mean()
    const living = liveTensors()
    lossSurface(model, loss, { steps: [0.1, 1] })
    expect(liveTensors()).toEqual(living)
    expect(state()).toEqual(before)
    let calls = 0
    const breaking = () => {
      model.eval()
      if (++calls === 3) throw new ArgumentError('broken on purpose')
      return loss()
    }
    expect(() => lossSurface(model, breaking, { steps: [0.1, 1] })).toThrow('broken on purpose')
    expect(state()).toEqual(before)
  })

  it('looks at every step through the same dropout', () => {
    const model = new nn.Sequential(new nn.Linear(64, 64), new nn.Dropout(0.5))
    const x = randn([8, 64])
    const { loss, points } = lossSurface(model, () => model(x).square().mean(), { steps: [1e-6] })
    expect(Math.abs(points[0].loss / loss - 1)).toBeLessThan(1e-4)
  })

  it('tells of a loss that is no number at some step', () => {
    const point = new Point()
    const loss = () => point.theta.sum().log()
    const { points, lossRange } = lossSurface(point, loss, { steps: [0.1, 10] })
    expect(points.map(({ loss }) => Number.isFinite(loss))).toEqual([true, false])
    expect(lossRange).toEqual([Number.NaN, Number.NaN])
  })

  it('refuses steps that lead nowhere, and a loss without a gradient', () => {
    const point = new Point()
    for (const steps of [[], [0], [-1], [Number.NaN], [Number.POSITIVE_INFINITY]])
      expect(() => lossSurface(point, () => bowl(point), { steps })).toThrow('`steps`')
    const flat = () => point.theta.sub(point.theta).sum()
    expect(() => lossSurface(point, flat, { steps: [1] })).toThrow('the norm of its gradient is 0')
  })

  it('is indifferent to an enclosing noGrad', () => {
    const point = new Point()
    const look = () => lossSurface(point, () => bowl(point), { steps: [0.1] })
    expect(noGrad(look)).toEqual(look())
  })
})

/** Gratings, whose ten angles are the classes, with noise. */
function gratings(batch: number, side: number): { images: Tensor; labels: Tensor } {
  const image = (i: number) => Math.floor(i / (3 * side * side))
  const waves = filled([batch, 3, side, side], i => {
    const angle = (Math.PI * (image(i) % 10)) / 10
    const [x, y] = [i % side, Math.floor(i / side) % side]
    return Math.sin(1.2 * (x * Math.cos(angle) + y * Math.sin(angle)) + image(i) ** 2)
  })
  const labels = Array.from({ length: batch }, (_, i) => i % 10)
  return {
    images: waves.add(randn(waves.shape).mul(0.3)),
    labels: tensor(labels, { dtype: 'int64' }),
  }
}

/** Convolutions of He's initialisation one after the other, without shortcuts. */
function plainNet(norm: boolean): nn.Module<[Tensor], Tensor> {
  const layers = [16, 32, 32, 32, 64, 64].flatMap((width, i, widths) => {
    const conv = new nn.Conv2d(i === 0 ? 3 : widths[i - 1], width, 3, { padding: 1 })
    nn.init.kaimingNormal_(conv.weight)
    const pool = i % 2 === 0 ? [new nn.MaxPool2d(2)] : []
    return [...pool, conv, ...(norm ? [new nn.BatchNorm2d(width)] : []), new nn.ReLU()]
  })
  return new nn.Sequential(...layers, new nn.Flatten(), new nn.Linear(256, 10))
}

/** At the start of a training with learning rate `lr`. */
function surfaceOf(
  create: () => nn.Module,
  { seed, lr, batch, side }: { seed: number; lr: number; batch: number; side: number },
): LossSurface {
  manualSeed(seed)
  const model = create()
  const { images, labels } = gratings(batch, side)
  const loss = () => nn.functional.crossEntropy(model(images) as Tensor, labels)
  return lossSurface(model, loss, { steps: [lr, 4 * lr] })
}

// What Santurkar et al. found for a VGG. It holds at initialisation and where batch statistics are of
// enough samples; nets of little depth, on small batches, are as often rougher with batch norm.
describe('batch norm and the loss surface', () => {
  it.each([0, 1])('makes the gradient of a plain net more predictive (seed %d)', seed => {
    const [without, normalized] = [false, true].map(norm => {
      const at = { seed, lr: 0.1, batch: 32, side: 16 }
      const { gradientChange, gradientNorm } = surfaceOf(() => plainNet(norm), at)
      return gradientChange / gradientNorm
    })
    expect(without).toBeGreaterThan(1.5 * normalized)
  })

  const smoothness = (name: string, at: { batch: number; side: number }) =>
    surfaceOf(() => createModel(name), { seed: 0, lr: 0.01, ...at }).effectiveSmoothness

  it('makes a ResNet-20 smoother at its start; the normalizer-free one is smoothest', () => {
    const names = ['resnet20_nonorm', 'resnet20', 'nf_resnet20']
    const [without, normalized, normalizerFree] = names.map(name =>
      smoothness(name, { batch: 64, side: 32 }),
    )
    expect(without).toBeGreaterThan(1.3 * normalized)
    expect(normalized).toBeGreaterThan(10 * normalizerFree)
  })

  it('makes a ResNet-20 rougher on a batch of few small images', () => {
    const few = { batch: 32, side: 16 }
    expect(smoothness('resnet20', few)).toBeGreaterThan(1.3 * smoothness('resnet20_nonorm', few))
  })
})
