import { unitwiseNorm } from 'normfree'
import { describe, expect, it } from 'vitest'
import type { Settings } from '../config/schema.ts'
import type { Batch } from '../data/batches.ts'
import { DivergedError } from './errors.ts'
import {
  copyOf,
  distance,
  firstBatch,
  lengthOf,
  numbersOf,
  sessionOf,
  setTo,
  weightBytes,
} from './fixtures.test.util.ts'
import { gradientsOf } from './gradients.ts'
import type { Session } from './session.ts'
import { toImages, trainStep } from './step.ts'
import type { Task } from './task.ts'

const passOver = (session: Session, batch: Batch) =>
  gradientsOf(session, {
    images: toImages(batch, session.data),
    target: session.task.target(batch, session.data),
  })

const gradients = ({ model }: Session) => numbersOf(model.parameters().map(({ grad }) => grad!))

/** The first `size` images of a batch. */
const firstOf = (batch: Batch, size: number): Batch => ({
  ...batch,
  ...{ size, labels: batch.labels.slice(0, size), indices: batch.indices.slice(0, size) },
  images: batch.images.slice(0, (batch.images.length / batch.size) * size),
})

describe('accumulation', () => {
  it.each([
    [2, 16],
    [16, 16],
    [4, 15],
    [8, 3],
  ])(
    'of %d parts of %d images has the gradients of the whole batch, normalizer-free',
    async (accumulate, size) => {
      const [whole, cut] = [sessionOf(), sessionOf({ accumulate })]
      const batch = firstOf(await firstBatch(whole), size)
      const [expected, found] = [passOver(whole, batch), passOver(cut, batch)]
      expect(found.loss).toBeCloseTo(expected.loss, 5)
      expect(found.correct).toBe(expected.correct)
      expect(distance(gradients(cut), gradients(whole))).toBeLessThan(1e-5)
    },
  )

  it('cuts mixed labels along', async () => {
    const [whole, cut] = [sessionOf(), sessionOf({ accumulate: 4 })]
    const plain = await firstBatch(whole)
    const weights = Float32Array.from({ length: 16 }, (_, i) => i / 16)
    const batch = { ...plain, mixed: { partners: plain.labels.toReversed(), weights } }
    expect(passOver(cut, batch).loss).toBeCloseTo(passOver(whole, batch).loss, 5)
    expect(distance(gradients(cut), gradients(whole))).toBeLessThan(1e-5)
  })

  it('with batch norm is not the whole batch: each part has statistics of its own', async () => {
    const model = 'resnet20'
    const [whole, cut] = [sessionOf({ model }), sessionOf({ model, accumulate: 4 })]
    const batch = await firstBatch(whole)
    passOver(whole, batch)
    passOver(cut, batch)
    expect(distance(gradients(cut), gradients(whole))).toBeGreaterThan(1e-2)
  })
})

describe('sharpness-aware minimisation', () => {
  const rho = 0.5
  const samSession = (changes: Settings = {}) =>
    sessionOf({ model: 'resnet20_nonorm', sam: { rho }, ...changes })

  /** The gradients at w + rho g / ||g||, with g those of the images `ascent`, step by step. */
  function expectedGradients(batch: Batch, ascent: Batch): Float32Array {
    const session = sessionOf({ model: 'resnet20_nonorm' })
    passOver(session, ascent)
    const scale = rho / lengthOf(gradients(session))
    for (const [, parameter] of session.model.namedParameters()) {
      const grad = copyOf(parameter.grad!)
      setTo(
        parameter,
        copyOf(parameter).map((value, i) => value + scale * grad[i]!),
      )
    }
    passOver(session, batch)
    return gradients(session)
  }

  it('takes the gradients where the loss is highest nearby, and leaves the weights as they were', async () => {
    const session = samSession()
    const before = weightBytes(session)
    const batch = await firstBatch(session)
    passOver(session, batch)
    expect(weightBytes(session).equals(before)).toBe(true)
    expect(distance(gradients(session), expectedGradients(batch, batch))).toBeLessThan(1e-4)
    const plain = sessionOf({ model: 'resnet20_nonorm' })
    passOver(plain, batch)
    expect(distance(gradients(session), gradients(plain))).toBeGreaterThan(0.05)
  })

  it('may ascend on a share of the batch, evenly spread', async () => {
    const session = samSession({ sam: { rho, fraction: 0.25 } })
    const batch = await firstBatch(session)
    const pixels = batch.images.length / 16
    const some = firstOf(batch, 4)
    for (let i = 0; i < 4; i++) {
      some.images.set(batch.images.subarray(4 * i * pixels, (4 * i + 1) * pixels), i * pixels)
      some.labels[i] = batch.labels[4 * i]!
    }
    const { correct } = passOver(session, batch)
    expect(correct).toBeLessThanOrEqual(16)
    expect(distance(gradients(session), expectedGradients(batch, some))).toBeLessThan(1e-4)
  })

  it('clips by the norms of the weights, not of where the ascent ends', async () => {
    const factor = 1e-3
    const session = samSession({ sam: { rho: 10 }, clip: { kind: 'agc', factor, exclude: [] } })
    const weights = new Map(
      Array.from(session.model.namedParameters(), ([name, parameter]) => [
        name,
        copyOf(unitwiseNorm(parameter.detach())),
      ]),
    )
    const { clipFraction } = trainStep(session, await firstBatch(session), 0)
    expect(clipFraction).toBeGreaterThan(0.5)
    for (const [name, { grad }] of session.model.namedParameters()) {
      const bounds = weights.get(name)!.map(norm => factor * Math.max(norm, 1e-3))
      const excess = copyOf(unitwiseNorm(grad!)).map((norm, i) => norm / bounds[i]!)
      expect(Math.max(...excess)).toBeLessThanOrEqual(1.0001)
    }
  })

  it('trains', async () => {
    const session = samSession({ sam: { rho: 0.05, fraction: 0.5 } })
    const batch = await firstBatch(session)
    const losses = Array.from({ length: 8 }, () => trainStep(session, batch, 0.02).loss)
    expect(losses.at(-1)).toBeLessThan(losses[0]!)
  })

  it('is back at the weights when the second pass diverges', async () => {
    const session = samSession()
    const before = weightBytes(session)
    const batch = await firstBatch(session)
    let passes = 0
    const task: Task = {
      ...session.task,
      loss: (...args) => session.task.loss(...args).mul(++passes === 2 ? Number.NaN : 1),
    }
    expect(() => trainStep({ ...session, task }, batch, 0.1)).toThrow(DivergedError)
    expect(passes).toBe(2)
    expect(weightBytes(session).equals(before)).toBe(true)
  })
})
