// Our models beside the values of their reference implementations: the same weights in, the same
// numbers out.
import { nn, noGrad, optim, type Tensor, tidy } from '@normfree/torch'
import { adaptiveClipGrad_, gradientNorm } from '../clip.ts'
import { countMacs, countParameters } from '../inspect.ts'
import { createModel } from '../registry.ts'
import { measureSignal } from '../signal.ts'
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

export type Aspect = (typeof ASPECTS)[number]

/** How far one aspect is from the reference. */
export interface Deviation {
  /** Worst relative error: 0 where names, shapes or counts agree, infinity where they do not. */
  error: number
  tolerance: number
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
 * Norms below this share of the whole gradient's are compared against it: what cancels to nearly
 * nothing (a bias before a batch norm) has no digits in common.
 */
const NEGLIGIBLE = 1e-6

/** Whether every aspect is within its tolerance; a NaN is not. */
export const passes = (comparison: Comparison): boolean =>
  Object.values(comparison).every(({ error, tolerance }) => error <= tolerance)

/**
 * Builds the registry's model of the golden's name, fills it, and compares what the golden holds.
 *
 * @throws UnknownModelError when the registry does not have the model.
 */
export function compareGolden(golden: Golden): Comparison {
  const { model: name, run, macs } = golden
  const build = () => createModel(name, { dropRate: 0, dropPathRate: 0 })
  // Weights that are filled next need no drawing; those that nobody looks at stay untouched.
  const model = nn.utils.skipInit(build)
  const comparison: Comparison = {
    ...compareState(model, golden),
    ...(macs && { MACs: exactly(countMacs(model, macs.resolution), macs.value, 'MACs') }),
  }
  const comparable = comparison.parameters?.error === 0 && comparison.shapes?.error === 0
  if (run && comparable) {
    fillParameters(model)
    Object.assign(comparison, compareRun(model, run))
  }
  model.zeroGrad()
  for (const tensor of model.stateDict().values()) tensor.dispose()
  return comparison
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

function compareRun(model: nn.Module, run: GoldenRun): Comparison {
  const { images, labels } = referenceBatch(run.batch, run.resolution)
  const named = [...model.namedParameters()]
  const optimizer = new optim.SGD(
    named.map(([, parameter]) => parameter),
    { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 5e-5 },
  )
  const crossEntropy = (logits: Tensor) =>
    nn.functional.crossEntropy(logits, labels, { labelSmoothing: 0.1 })
  const blocks = compareBlocks(model, images, run)
  model.train()
  return tidy(() => {
    const logits = model(images)
    const loss = crossEntropy(logits)
    loss.backward()
    const before = {
      blocks,
      logits: compareLogits(logits.detach(), run),
      loss: worst([['loss', relative(loss.item(), run.loss)]]),
      gradients: compareGradients(named, run),
    }
    adaptiveClipGrad_(named, { clipFactor: 0.01, eps: 1e-3, reading: 'timm' })
    const clipped = relative(gradientNorm(named), run.gradNormAfterAGC)
    optimizer.step()
    const after = noGrad(() => model(images))
    const step = worst([
      ['loss', relative(crossEntropy(after).item(), run.lossAfterStep)],
      ['norm of the logits', relative(after.norm().item(), run.logitsNormAfterStep)],
    ])
    return { ...before, AGC: worst([['norm of all gradients', clipped]]), step }
  })
}

function compareLogits(logits: Tensor, { logits: expected, logitsNorm }: GoldenRun): Deviation {
  const norm = relative(logits.norm().item(), logitsNorm)
  if (!(norm <= TOLERANCE)) return worst([['norm', norm]])
  const [rows, columns] = logits.shape
  const values = logits.to('float64').data() as Float64Array
  const errors = expected.flatMap((row, image) =>
    row.map((value, i): [string, number] => {
      const actual = image < rows ? values[image * columns + i] : Number.NaN
      return [`image ${image}, class ${i}`, Math.abs(actual - value) / logitsNorm]
    }),
  )
  return worst(errors, LOGIT_TOLERANCE)
}

function compareGradients(named: readonly [string, Tensor][], run: GoldenRun): Deviation {
  const { gradNorm, gradNormTotal } = run
  const errorOf = ([name, parameter]: [string, Tensor]): [string, number] => {
    // LibTorch's norm, by which references measure single parameters, loses digits over millions of
    // elements, how many depends on its version; either that norm or the exact one may agree.
    const norms = [gradientNorm([[name, parameter]]), parameter.grad?.norm().item() ?? 0]
    const errors = norms.map(norm => relative(norm, gradNorm[name], NEGLIGIBLE * gradNormTotal))
    return [name, Math.min(...errors)]
  }
  const total = relative(gradientNorm(named), gradNormTotal)
  return worst([['all', total], ...named.map(errorOf)])
}

function compareBlocks(model: nn.Module, images: Tensor, { blocks }: GoldenRun): Deviation {
  const taps = measureSignal(model, images).slice(1)
  const names = inOrder(
    taps.map(({ name }) => name),
    blocks.map(({ block }) => block),
  )
  if (names.error > 0) return names
  return worst(
    blocks.flatMap(({ block, channelSquaredMean, channelVariance }, i): [string, number][] => [
      [`${block}, squared mean`, relative(taps[i].channelSquaredMean, channelSquaredMean)],
      [`${block}, variance`, relative(taps[i].channelVariance, channelVariance)],
    ]),
  )
}
