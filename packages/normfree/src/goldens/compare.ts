// Our models beside the values of their reference implementations: the same weights in, the same
// numbers out.
import { nn } from '@normfree/torch'
import { countMacs, countParameters } from '../inspect.ts'
import { createModel } from '../registry.ts'
import type { Golden, GoldenRun } from './golden.ts'
import { type MeasuredRun, measureRun } from './run.ts'

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
  /** How far rounding moves ours, where that is the tolerance: see {@link compareGolden}. */
  movement?: number
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
const MOVED_UNITS = [1, 2, 4, 8]
const WIDEST = 0.1

/** Whether every aspect is within its tolerance; a NaN is not. */
export const passes = (comparison: Comparison): boolean =>
  Object.values(comparison).every(({ error, tolerance }) => error <= tolerance)

/**
 * Builds the registry's model of the golden's name, fills it, and compares what the golden holds.
 *
 * A gradient jumps where a ReLU's input changes sign, and among the million of a deep net some lie
 * within rounding of 0; batch norm over a handful of values carries each jump to every layer before.
 * The reference's own gradients then move by ten to a hundred times the tolerance when its images move
 * by one unit of rounding (goldens/movement.py shows it), so that no other order of its sums can
 * repeat them. Where something is out of tolerance, the model is therefore run on images that are moved
 * by MOVED_UNITS of rounding too, and the reference must be as near to one of these runs as the
 * furthest of them is to the first, WIDEST at most.
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
    const held = passes(compared) ? compared : withMovement(compared, { ...golden, run }, measured)
    Object.assign(comparison, held)
  }
  release(model)
  return comparison
}

// Weights that are filled next need no drawing; those that nobody looks at stay untouched.
const build = (name: string): nn.Module =>
  nn.utils.skipInit(() => createModel(name, { dropRate: 0 }))

function release(model: nn.Module): void {
  model.zeroGrad()
  for (const tensor of model.stateDict().values()) tensor.dispose()
}

/** A comparison with what was out of tolerance held to what rounding moves: see compareGolden. */
function withMovement(
  compared: Comparison,
  { model: name, run }: Golden & { run: GoldenRun },
  measured: MeasuredRun,
): Comparison {
  const moved = MOVED_UNITS.map(units => {
    const model = build(name)
    const other = measureRun(model, run, units)
    release(model)
    return { fromOurs: compareRuns(other, measured), fromReference: compareRuns(other, run) }
  })
  const held = (Object.entries(compared) as [Aspect, Deviation][]).map(([aspect, deviation]) => {
    if (deviation.error <= deviation.tolerance) return [aspect, deviation]
    const movement = Math.max(...moved.map(({ fromOurs }) => fromOurs[aspect]!.error))
    const nearest = [deviation, ...moved.map(({ fromReference }) => fromReference[aspect]!)].reduce(
      (best, each) => (each.error < best.error ? each : best),
    )
    const tolerance = Math.max(deviation.tolerance, Math.min(WIDEST, movement))
    return [aspect, { ...nearest, tolerance, movement }]
  })
  return Object.fromEntries(held)
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

const compareRuns = (actual: MeasuredRun, expected: GoldenRun): Comparison => ({
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

/** Either of our norms, the exact one or PyTorch's, may agree: see MeasuredRun. */
function compareGradients(
  { gradNorm, gradNormTotal, running }: MeasuredRun,
  expected: GoldenRun,
): Deviation {
  const floor = NEGLIGIBLE * expected.gradNormTotal
  const nearest = (value: number, ...norms: (number | undefined)[]) =>
    Math.min(...norms.map(norm => relative(norm ?? Number.NaN, value, floor)))
  return worst([
    ['all', nearest(expected.gradNormTotal, gradNormTotal, running.gradNormTotal)],
    ...Object.entries(expected.gradNorm).map(([name, value]): [string, number] => [
      name,
      nearest(value, gradNorm[name], running.gradNorm[name]),
    ]),
  ])
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
