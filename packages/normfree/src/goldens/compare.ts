// Our models beside the values of their reference implementations: the same weights in, the same
// numbers out.
import { nn, noGrad, optim, type Tensor, tidy } from '@normfree/torch'
import { adaptiveClipGrad_, gradientNorm } from '../clip.ts'
import { countMacs, countParameters } from '../inspect.ts'
import { createModel } from '../registry.ts'
import { measureSignal } from '../signal/measure.ts'
import { residualBlocks } from '../signal/taps.ts'
import { fillParameters, referenceBatch } from './fill.ts'
import type { Golden, GoldenRun } from './golden.ts'

/** The aspects that are compared, in the order of their columns. */
export const ASPECTS = [
  'parameters',
  'shapes',
  'MACs',
  'logits',
  'loss',
  'gradients',
  'AGC',
  'step',
  'blocks',
] as const

/** What is compared with a golden file. */
export type Aspect = (typeof ASPECTS)[number]

/** How far one aspect is from the reference. */
export interface Deviation {
  /** Worst relative error: 0 where names, shapes or counts agree, infinity where they do not. */
  error: number
  tolerance: number
  /** How far rounding alone moves it, where the tolerance is made of that. */
  spread?: number
  /** Where the worst error is, or what differs. */
  where: string
}

/** By aspect; an aspect that the golden says nothing of is missing. */
export type Comparison = Partial<Record<Aspect, Deviation>>

/** Sums in another order differ by this much in float32. */
const TOLERANCE = 1e-4
/** Single logits, relative to the norm of all. */
const LOGIT_TOLERANCE = 1e-3
/**
 * Gradients below this share of the whole gradient's norm are held to this share of it: with the
 * tolerance, to 1e-6 of the whole, about what float32 leaves after a pass through a deep net. What
 * cancels to nearly nothing (a bias before a batch norm, a kernel of ECA) has few digits of its own.
 */
const NEGLIGIBLE = 1e-2
/** See compareGolden. */
const SPREAD_RUNS = 4
const SPREAD_FACTOR = 3
const WIDEST = 0.1

/** Whether every aspect is within its tolerance; a NaN is not. */
export const passes = (comparison: Comparison): boolean =>
  Object.values(comparison).every(({ error, tolerance }) => error <= tolerance)

/**
 * Builds the registry's model of the golden's name, fills it, and compares what the golden holds.
 *
 * Deep nets with batch norm over a handful of values are so badly conditioned that float32 does not
 * determine their gradients to the usual tolerance: the reference's own last digits are accidents.
 * Where something is out of tolerance, the model is run again on images that are scaled by a few
 * units of rounding, and what moves further than the tolerance by that is held to SPREAD_FACTOR times
 * its movement instead, never to less than WIDEST.
 *
 * @throws UnknownModelError when the registry does not have the model.
 */
export function compareGolden(golden: Golden): Comparison {
  const { model: name, run, macs } = golden
  const model = build(name)
  const comparison: Comparison = {
    ...compareState(model, golden),
    ...(macs && { MACs: exactly(countMacs(model, macs.resolution), macs.value, 'MACs') }),
  }
  const comparable = comparison.parameters?.error === 0 && comparison.shapes?.error === 0
  if (run && comparable) {
    const measured = measureRun(model, run)
    const compared = compareRuns(measured, run)
    Object.assign(comparison, passes(compared) ? compared : widened(compared, name, measured))
  }
  release(model)
  return comparison
}

// Weights that are filled next need no drawing; those that nobody looks at stay untouched.
const build = (name: string): nn.Module =>
  nn.utils.skipInit(() => createModel(name, { dropRate: 0, dropPathRate: 0 }))

function release(model: nn.Module): void {
  model.zeroGrad()
  for (const tensor of model.stateDict().values()) tensor.dispose()
}

/** The tolerances of a comparison, widened to how far rounding alone moves each aspect. */
function widened(compared: Comparison, name: string, measured: GoldenRun): Comparison {
  const spread: Partial<Record<Aspect, number>> = {}
  for (let units = 1; units <= SPREAD_RUNS; units++) {
    const model = build(name)
    const moved = compareRuns(measureRun(model, measured, 1 + units * 2 ** -23), measured)
    release(model)
    for (const aspect of ASPECTS)
      spread[aspect] = Math.max(spread[aspect] ?? 0, moved[aspect]?.error ?? 0)
  }
  return Object.fromEntries(
    Object.entries(compared).map(([aspect, deviation]) => {
      const moved = spread[aspect as Aspect]!
      const tolerance = Math.min(WIDEST, SPREAD_FACTOR * moved)
      const wide = tolerance > deviation.tolerance
      return [aspect, wide ? { ...deviation, tolerance, spread: moved } : deviation]
    }),
  )
}

function compareState(model: nn.Module, golden: Golden): Comparison {
  const names = Array.from(model.namedParameters(), ([name]) => name)
  const shapes = Array.from(model.stateDict(), ([name, { shape }]) => `${name} [${shape}]`)
  const wanted = golden.stateDict.map(([name, shape]) => `${name} [${shape}]`)
  const count = exactly(countParameters(model), golden.params, 'parameters')
  const order = inOrder(names, golden.parameters)
  return { parameters: count.error === 0 ? order : count, shapes: inOrder(shapes, wanted) }
}

const exactly = (actual: number, expected: number, what: string): Deviation => ({
  error: actual === expected ? 0 : Number.POSITIVE_INFINITY,
  tolerance: 0,
  where: actual === expected ? '' : `${actual} ${what}, not ${expected}`,
})

function inOrder(actual: readonly string[], expected: readonly string[]): Deviation {
  const length = Math.max(actual.length, expected.length)
  for (let i = 0; i < length; i++)
    if (actual[i] !== expected[i]) {
      const where = `${actual[i] ?? 'nothing'} where ${expected[i] ?? 'nothing'} is expected`
      return { error: Number.POSITIVE_INFINITY, tolerance: 0, where }
    }
  return { error: 0, tolerance: 0, where: '' }
}

/** The worst of several errors, each with its place. */
function worst(
  errors: Iterable<readonly [where: string, error: number]>,
  tolerance = TOLERANCE,
): Deviation {
  let most: Deviation = { error: 0, tolerance, where: '' }
  for (const [where, error] of errors)
    if (!Number.isNaN(most.error) && !(error <= most.error)) most = { error, tolerance, where }
  return most
}

const relative = (actual: number, expected: number, floor = 0): number =>
  actual === expected ? 0 : Math.abs(actual - expected) / Math.max(Math.abs(expected), floor)

/**
 * What a golden holds of a run, measured on a model that is filled for it.
 *
 * @param scale multiplies the images
 */
function measureRun(
  model: nn.Module,
  { batch, resolution }: Pick<GoldenRun, 'batch' | 'resolution'>,
  scale = 1,
): GoldenRun {
  fillParameters(model)
  const reference = referenceBatch(batch, resolution)
  const [images, labels] = [reference.images.mul(scale), reference.labels]
  const named = [...model.namedParameters()]
  const optimizer = new optim.SGD(
    named.map(([, parameter]) => parameter),
    { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 5e-5 },
  )
  const crossEntropy = (logits: Tensor) =>
    nn.functional.crossEntropy(logits, labels, { labelSmoothing: 0.1 })
  const residual = residualBlocks(model).length > 0
  const blocks = residual ? measureSignal(model, images).slice(1) : []
  model.train()
  return tidy(() => {
    const logits = model(images)
    const loss = crossEntropy(logits)
    loss.backward()
    const before = {
      ...{ batch, resolution, blocks: blocks.map(({ name, ...tap }) => ({ ...tap, block: name })) },
      logits: rows(logits.detach()),
      logitsNorm: logits.norm().item(),
      loss: loss.item(),
      gradNorm: Object.fromEntries(named.map(each => [each[0], gradientNorm([each])])),
      gradNormTotal: gradientNorm(named),
      nativeGradNorm: Object.fromEntries(
        named.map(([name, parameter]) => [name, parameter.grad?.norm().item() ?? 0]),
      ),
    }
    adaptiveClipGrad_(named, { clipFactor: 0.01, eps: 1e-3, reading: 'timm' })
    const gradNormAfterAGC = gradientNorm(named)
    optimizer.step()
    const after = noGrad(() => model(images))
    return {
      ...before,
      gradNormAfterAGC,
      lossAfterStep: crossEntropy(after).item(),
      logitsNormAfterStep: after.norm().item(),
    }
  })
}

function rows(logits: Tensor): number[][] {
  const [count, columns] = logits.shape
  const values = Array.from(logits.to('float64').data() as Float64Array)
  return Array.from({ length: count }, (_, i) => values.slice(i * columns, (i + 1) * columns))
}

const compareRuns = (actual: GoldenRun, expected: GoldenRun): Comparison => ({
  logits: compareLogits(actual, expected),
  loss: worst([['loss', relative(actual.loss, expected.loss)]]),
  gradients: compareGradients(actual, expected),
  AGC: worst([
    ['norm of all gradients', relative(actual.gradNormAfterAGC, expected.gradNormAfterAGC)],
  ]),
  step: worst([
    ['loss', relative(actual.lossAfterStep, expected.lossAfterStep)],
    ['norm of the logits', relative(actual.logitsNormAfterStep, expected.logitsNormAfterStep)],
  ]),
  blocks: compareBlocks(actual, expected),
})

function compareLogits(actual: GoldenRun, { logits, logitsNorm }: GoldenRun): Deviation {
  const norm = relative(actual.logitsNorm, logitsNorm)
  if (!(norm <= TOLERANCE)) return worst([['norm', norm]])
  const errors = logits.flatMap((row, image) =>
    row.map((value, i): [string, number] => {
      const ours = actual.logits[image]?.[i] ?? Number.NaN
      return [`image ${image}, class ${i}`, Math.abs(ours - value) / logitsNorm]
    }),
  )
  return worst(errors, LOGIT_TOLERANCE)
}

function compareGradients(actual: GoldenRun, { gradNorm, gradNormTotal }: GoldenRun): Deviation {
  const errorOf = (name: string): [string, number] => {
    // LibTorch's norm, by which references measure single parameters, loses digits over millions of
    // elements, how many depends on its version; either that norm or the exact one may agree.
    const norms = [actual.gradNorm[name], actual.nativeGradNorm?.[name] ?? Number.NaN]
    const errors = norms
      .filter(norm => !Number.isNaN(norm))
      .map(norm => relative(norm, gradNorm[name], NEGLIGIBLE * gradNormTotal))
    return [name, errors.length > 0 ? Math.min(...errors) : Number.NaN]
  }
  const total = relative(actual.gradNormTotal, gradNormTotal)
  return worst([['all', total], ...Object.keys(actual.gradNorm).map(errorOf)])
}

function compareBlocks(actual: GoldenRun, { blocks }: GoldenRun): Deviation {
  const names = inOrder(
    actual.blocks.map(({ block }) => block),
    blocks.map(({ block }) => block),
  )
  if (names.error > 0) return names
  return worst(
    blocks.flatMap(({ block, channelSquaredMean, channelVariance }, i): [string, number][] => [
      [`${block}, squared mean`, relative(actual.blocks[i].channelSquaredMean, channelSquaredMean)],
      [`${block}, variance`, relative(actual.blocks[i].channelVariance, channelVariance)],
    ]),
  )
}
