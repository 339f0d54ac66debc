import { amp, type Tensor, tidy } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { DivergedError } from './errors.ts'
import {
  copyOf,
  distance,
  firstBatch,
  numbersOf,
  parametersOf,
  sessionOf,
  setTo,
  weightBytes,
} from './fixtures.test.util.ts'
import type { Session } from './session.ts'
import { toTensors, trainStep } from './step.ts'

describe('trainStep', () => {
  it('lowers the loss on a batch that it is given again and again', async () => {
    const session = sessionOf()
    const batch = await firstBatch(session)
    const losses = Array.from({ length: 8 }, () => trainStep(session, batch, 0.05).loss)
    expect(losses.at(-1)).toBeLessThan(losses[0]! * 0.9)
  })

  it('starts at the loss of a uniform guess, and counts what is classified rightly', async () => {
    const session = sessionOf()
    const { loss, correct } = trainStep(session, await firstBatch(session), 0)
    expect(loss).toBeCloseTo(Math.log(3), 1)
    expect(correct).toBeGreaterThanOrEqual(0)
    expect(correct).toBeLessThanOrEqual(16)
  })

  it('takes the loss of mixed images as the share of each class, smoothing or not', async () => {
    for (const labelSmoothing of [0, 0.1]) {
      const session = sessionOf({ labelSmoothing })
      const batch = await firstBatch(session)
      const partners = batch.labels.toReversed()
      const lossOf = (labels: Int32Array, weights: number[] | null) =>
        trainStep(
          session,
          { ...batch, labels, mixed: weights && { partners, weights: Float32Array.from(weights) } },
          0,
        ).loss
      const [first, second] = [lossOf(batch.labels, null), lossOf(partners, null)]
      const mixed = lossOf(batch.labels, Array(batch.size).fill(0.3))
      expect(mixed).toBeCloseTo(0.3 * first + 0.7 * second, 5)
      expect(lossOf(batch.labels, Array(batch.size).fill(1))).toBeCloseTo(first, 5)
    }
  })

  it.each([
    [{ kind: 'norm', max: 1e-4 }],
    [{ kind: 'value', max: 1e-9 }],
    [{ kind: 'agc', factor: 1e-6, exclude: [] }],
  ])('clips by %j before the update', async clip => {
    const session = sessionOf({ model: 'resnet20_nonorm', clip, optimizer: { weightDecay: 0 } })
    const before = parametersOf(session)
    const report = trainStep(session, await firstBatch(session), 0.01)
    expect(report.gradNorm).toBeGreaterThan(1e-3)
    expect(report.clipFraction).toBeGreaterThan(0.5)
    const moved = Math.hypot(
      ...[...parametersOf(session)].map(([name, values]) =>
        Math.hypot(...values.map((value, i) => value - before.get(name)![i]!)),
      ),
    )
    expect(moved).toBeLessThan(0.1 * report.gradNorm * 0.01)
  })

  it.each([
    [[], 1e-6],
    [['fc'], 1],
  ])('leaves unclipped what the recipe excludes: %j', async (exclude, largest) => {
    const clip = { kind: 'agc', factor: 1e-6, exclude }
    const session = sessionOf({ clip, optimizer: { weightDecay: 0 } })
    const before = parametersOf(session).get('fc.weight')!
    trainStep(session, await firstBatch(session), 0.1)
    const moved = Math.hypot(
      ...parametersOf(session)
        .get('fc.weight')!
        .map((value, i) => value - before[i]!),
    )
    expect(moved).toBeGreaterThan(largest * 1e-3)
    expect(moved).toBeLessThan(largest)
  })

  it('keeps decoupled kernels standardized', async () => {
    const modelOptions = { weightStandardization: 'decoupled', alpha: 0.5 }
    const session = sessionOf({ modelOptions })
    expect((session.model as unknown as { alpha: number }).alpha).toBe(0.5)
    const kernel = session.model.stateDict().get('layer1.0.conv2.weight')!
    const before = copyOf(kernel)
    trainStep(session, await firstBatch(session), 0.1)
    expect(copyOf(kernel)).not.toEqual(before)
    const unit = copyOf(kernel).slice(0, 16 * 9)
    expect(unit.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(0, 5)
    expect(unit.reduce((sum, weight) => sum + weight ** 2, 0)).toBeCloseTo(1, 5)
  })

  it('starts every step from no gradient', async () => {
    const session = sessionOf()
    const batch = await firstBatch(session)
    const [first, second] = [1, 2].map(() => trainStep(session, batch, 0).gradNorm)
    expect(second).toBeCloseTo(first!, 5)
  })

  it('smooths labels as the recipe says', async () => {
    const session = sessionOf({ labelSmoothing: 0.3 })
    const state = session.model.stateDict()
    setTo(state.get('fc.weight') as Tensor, new Float32Array(192))
    setTo(state.get('fc.bias') as Tensor, Float32Array.of(5, 0, 0))
    const batch = await firstBatch(session)
    const { loss } = trainStep(session, batch, 0)
    const logPartition = Math.log(Math.exp(5) + 2)
    const logOf = [5, 0, 0].map(logit => logit - logPartition)
    const uniform = (logOf[0]! + logOf[1]! + logOf[2]!) / 3
    const losses = [...batch.labels].map(label => -(0.7 * logOf[label]! + 0.3 * uniform))
    expect(loss).toBeCloseTo(losses.reduce((sum, value) => sum + value, 0) / 16, 5)
  })

  it('does not clip unless asked to', async () => {
    const session = sessionOf({ model: 'resnet20_nonorm' })
    expect(trainStep(session, await firstBatch(session), 0.01).clipFraction).toBe(0)
  })

  it('leaves the parameters, all finite, as they were before the step that diverged', async () => {
    const session = sessionOf({ model: 'resnet20_nonorm' })
    const batch = await firstBatch(session)
    let before = parametersOf(session)
    const step = () => {
      for (let i = 0; i < 20; i++) {
        before = parametersOf(session)
        trainStep(session, batch, 1e6)
      }
    }
    expect(step).toThrow(DivergedError)
    expect(parametersOf(session)).toEqual(before)
    for (const values of before.values()) expect(values.every(Number.isFinite)).toBe(true)
  })

  it('names the first module when an image is not a number', async () => {
    const session = sessionOf()
    const batch = await firstBatch(session)
    batch.images[5] = Number.NaN
    const step = () => trainStep(session, batch, 0.1)
    expect(step).toThrow(DivergedError)
    expect(step).toThrow(/^the loss became NaN; first in conv1\. A lower/)
  })

  it('names the parameter nearest to the loss whose gradient is not finite', async () => {
    const session = sessionOf()
    const before = parametersOf(session)
    const batch = await firstBatch(session)
    // Features so faint, and a classifier so strong, that only the gradient of the features overflows.
    batch.images.forEach((value, i) => {
      batch.images[i] = value * 1e-6
    })
    const state = session.model.stateDict()
    const strong = (_: number, i: number) => (i < 64 ? 3e38 : -3e38)
    setTo(state.get('fc.weight') as Tensor, Float32Array.from({ length: 192 }, strong))
    expect(() => trainStep(session, batch, 0.1)).toThrow(
      /^the gradient norm became (NaN|Infinity); first in layer3\./,
    )
    const after = parametersOf(session)
    after.set('fc.weight', before.get('fc.weight')!)
    expect(after).toEqual(before)
  })

  it('keeps parameters in float32 under bfloat16, and learns', async () => {
    const session = sessionOf({ precision: 'bfloat16' })
    const batch = await firstBatch(session)
    const losses = Array.from({ length: 6 }, () => trainStep(session, batch, 0.05).loss)
    expect(losses.at(-1)).toBeLessThan(losses[0]!)
    expect(session.model.parameters().every(({ dtype }) => dtype === 'float32')).toBe(true)
  })

  it('clips what was unscaled: a scaled loss moves the weights as far as the loss itself', async () => {
    const clip = { kind: 'norm', max: 1e-3 }
    const [plain, scaled] = [sessionOf({ clip }), sessionOf({ clip })]
    const scaler = new amp.GradScaler({ initScale: 1024, growthInterval: 1 })
    const batch = await firstBatch(plain)
    const expected = trainStep(plain, batch, 0.1)
    const { gradNorm, loss } = trainStep({ ...scaled, scaler }, batch, 0.1)
    expect(loss).toBe(expected.loss)
    expect(gradNorm).toBeCloseTo(expected.gradNorm, 4)
    const before = numbersOf(sessionOf({ clip }).model.parameters())
    const moved = ({ model }: Session) =>
      numbersOf(model.parameters()).map((value, i) => value - before[i]!)
    expect(distance(moved(scaled), moved(plain))).toBeLessThan(1e-3)
    expect(scaler.getScale()).toBe(2048)
  })

  it('leaves out a step whose scaled gradients overflow, and ends when no scale is left to lower', async () => {
    const session = sessionOf()
    const strong = (_: number, i: number) => (i < 64 ? 1e3 : -1e3)
    const fc = session.model.stateDict().get('fc.weight') as Tensor
    setTo(fc, Float32Array.from({ length: 192 }, strong))
    const before = weightBytes(session)
    const scaler = new amp.GradScaler({ initScale: 3e38 })
    const batch = await firstBatch(session)
    const { gradNorm } = trainStep({ ...session, scaler }, batch, 0.1)
    expect(Number.isFinite(gradNorm)).toBe(false)
    expect(weightBytes(session).equals(before)).toBe(true)
    expect(scaler.getScale()).toBeCloseTo(1.5e38, -34)
    batch.images.forEach((value, i) => {
      batch.images[i] = value * 1e-6
    })
    setTo(
      fc,
      Float32Array.from({ length: 192 }, (_, i) => strong(0, i) * 3e35),
    )
    const atOne = new amp.GradScaler({ initScale: 1 })
    expect(() => trainStep({ ...session, scaler: atOne }, batch, 0.1)).toThrow(DivergedError)
  })

  it('resizes the images where it is asked to', async () => {
    const session = sessionOf()
    const batch = await firstBatch(session)
    const losses = [undefined, 8, 6].map(side => trainStep(session, batch, 0, side).loss)
    expect(losses[1]).toBe(losses[0])
    expect(losses[2]).not.toBe(losses[0])
  })

  it('sets the rate of every group of parameters', async () => {
    const session = sessionOf()
    trainStep(session, await firstBatch(session), 0.0125)
    expect(session.optimizer.paramGroups.map(({ lr }) => lr)).toEqual([0.0125, 0.0125])
  })
})

describe('toTensors', () => {
  it('gives images (N, 3, H, W), channels last in memory, and int64 labels', async () => {
    const session = sessionOf()
    const batch = await firstBatch(session)
    const { images, labels } = toTensors(batch, session.data)
    expect(images.shape).toEqual([16, 3, 8, 8])
    expect(images.strides[1]).toBe(1)
    expect(labels.dtype).toBe('int64')
    expect(labels.toArray()).toEqual([...batch.labels])
    // Row 2, column 5 of image 3, green.
    const green = tidy(() =>
      images.slice(0, 3, 4).slice(1, 1, 2).slice(2, 2, 3).slice(3, 5, 6).item(),
    )
    expect(green).toBe(batch.images[((3 * 8 + 2) * 8 + 5) * 3 + 1])
  })
})
