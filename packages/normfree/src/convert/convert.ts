// A batch-norm net in its normalizer-free form (NF-ResNets, section 4): Scaled WS in place of
// convolution and norm, expected deviations in place of measured ones, alpha at the ends of branches.
// Modules are replaced; nobody's forward is rewritten.
import { ArgumentError, nn, noGrad } from '@normfree/torch'
import type { ModelOptions } from '../models/entry.ts'
import { checkInputShape } from '../predict/predict-signal.ts'
import { createModel, modelEntry } from '../registry.ts'
import { replaceModules } from '../replace-modules.ts'
import { ConvertedConv2d } from './converted-conv.ts'
import { isDepthwise, type Left, type Plan, type PlannedConv, planConversion } from './plan.ts'
import { type Branch, correctGains, courseOf, emptyBatch, graphOf, setScales } from './scales.ts'

/** Options of {@link convert}. */
export interface ConvertOptions {
  /** Growth of the variance a block, as in the papers' nets. Default 0.2. */
  alpha?: number
  /**
   * Start every branch silent, with a gain of 0 in its last convolution. Default: true where the norms
   * are as they start, false where they are trained.
   */
  zeroInitLast?: boolean
}

/** A convolution with Scaled WS. */
export interface ConvertedLayer {
  /** Dotted name. */
  name: string
  /** 1 / expected standard deviation of its input. */
  gamma: number
  /** What multiplies its output: alpha, and what the branch loses behind it; 1 inside of branches. */
  scale: number
  /** The norm whose gain and bias it took over; null where there was none. */
  norm: string | null
}

/** A norm that went. */
export interface RemovedNorm {
  /** Dotted name. */
  name: string
  /** The convolution that took over its gain and bias; null where none could. */
  into: string | null
  /** Its gain and bias were trained, and nothing takes them over. */
  lost: boolean
}

/** What {@link convert} did. */
export interface Conversion {
  alpha: number
  /** Whether the norms had been trained. */
  trained: boolean
  /** Whether branches start silent. */
  zeroInitLast: boolean
  /** In forward order. */
  layers: ConvertedLayer[]
  norms: RemovedNorm[]
  /** Squeeze-excite and ECA modules whose gain is 2 now. */
  gates: string[]
  /** Norms that stay, and why. */
  left: Left[]
  /** What else is to be known. */
  remarks: string[]
}

const ALPHA = 0.2

/**
 * Makes a batch-norm net normalizer-free, in place; any tree of modules will do. It is to be on the CPU.
 * - A convolution in front of a batch norm becomes a ConvertedConv2d, its norm nn.Identity; the norm's
 *   gain and bias become the convolution's. Norms behind sums, pools and activations go
 *   too, and the convolutions in front of those become standardized.
 * - gamma of each is 1 / (expected deviation of its input), beta and all, so that each reads unit
 *   variance: also behind gates that nobody makes up for, and behind sums that a ReLU follows.
 * - The last convolution of each branch has its output multiplied by `alpha`.
 * - Squeeze-excite and ECA of ours get gain 2.
 *
 * gamma and alpha follow from the architecture and `inputShape`, not from the weights: a state dict of
 * the converted net goes into another net that was converted alike. Of trained norms, gains are
 * corrected by what their own scale changes further on. The function is not that of the batch-norm
 * net, whose statistics follow each batch: weights are a start to train on from.
 *
 * @param inputShape [C, H, W] of an image
 * @throws ArgumentError for an `alpha` that is not above 0, for an `inputShape` that is not three positive
 * integers, and when there is no batch norm that can go.
 * @example
 * const { left } = convert(model, [3, 224, 224])
 */
export function convert(
  model: nn.Module,
  inputShape: readonly number[],
  { alpha = ALPHA, zeroInitLast }: ConvertOptions = {},
): Conversion {
  if (!(alpha > 0 && Number.isFinite(alpha)))
    throw new ArgumentError(`Expected a number > 0 for \`alpha\` but received ${alpha}.`)
  checkInputShape(inputShape)
  const input = emptyBatch(model, inputShape)
  const plan = planConversion(model, graphOf(model, input))
  if (plan.norms.length === 0) throw nothingToConvert(model, plan.left)
  const trained = plan.norms.some(({ norm }) => isTrained(norm))
  const silent = zeroInitLast ?? !trained
  const convs = replaceLayers(model, plan)
  const course = courseOf(model, input)
  const { branches } = course
  const unknown = setScales(model, input, course, alpha)
  for (const [{ conv, norm }, converted] of convs) takeOver(converted, conv, norm, trained)
  correctGains(model, input)
  if (silent) silence(branches)
  input.dispose()
  return {
    ...{ alpha, trained, zeroInitLast: silent },
    layers: [...convs].map(([{ name, norm }, { gamma, scale }]) => ({
      ...{ name, gamma, scale },
      norm: plan.norms.find(each => each.norm === norm && norm !== null)?.name ?? null,
    })),
    norms: plan.norms.map(({ name, norm, into }) => ({
      ...{ name, into, lost: into === null && isTrained(norm) },
    })),
    gates: plan.gates.map(([name]) => name),
    left: [...plan.left],
    remarks: [...remarksOn(plan, branches), ...unknown],
  }
}

/**
 * The registry's model `name`, converted as at its own resolution: what a state dict that
 * `normfree convert` wrote goes into, given the same `alpha`.
 *
 * @throws UnknownModelError, and ArgumentError as convert.
 */
export function convertedModel(
  name: string,
  { alpha, zeroInitLast, ...options }: ModelOptions & ConvertOptions = {},
): nn.Module {
  const model = createModel(name, options)
  const { resolution } = modelEntry(name)
  convert(model, [options.inChans ?? 3, resolution, resolution], { alpha, zeroInitLast })
  return model
}

function nothingToConvert(model: nn.Module, left: readonly Left[]): ArgumentError {
  const [first] = left
  const why = first
    ? `: ${first.module || first.what} stays, since ${first.reason}; ${first.remedy}`
    : ' has none'
  return new ArgumentError(
    `Expected batch norms behind convolutions in \`model\` but ${model.constructor.name}${why}.`,
  )
}

/** Whether a norm has seen batches, or its gain and bias are not where norms start. */
function isTrained({ weight, bias, numBatchesTracked }: nn.BatchNorm2d): boolean {
  if ((numBatchesTracked?.item() ?? 0) > 0) return true
  const start = weight?.narrow(0, 0, 1)
  const moved = start !== undefined && !weight?.eq(start).all().item()
  return moved || ![0, 1].includes(start?.item() ?? 1) || Boolean(bias?.ne(0).any().item())
}

function replaceLayers(model: nn.Module, plan: Plan): Map<PlannedConv, ConvertedConv2d> {
  const convs = new Map(
    plan.convs.map(planned => [
      planned,
      nn.utils.skipInit(() => new ConvertedConv2d(planned.conv)),
    ]),
  )
  const replaced = new Map<nn.AnyModule, nn.AnyModule>()
  for (const [{ conv }, converted] of convs) replaced.set(conv, converted)
  for (const { norm } of plan.norms) replaced.set(norm, new nn.Identity().train(norm.training))
  replaceModules(model, replaced)
  for (const [, gate] of plan.gates) (gate as { gain: number }).gain = 2
  return convs
}

/** Gain and bias out of the norm; without one the convolution's own bias, where it is trained. */
function takeOver(
  converted: ConvertedConv2d,
  conv: nn.Conv2d,
  norm: nn.BatchNorm2d | null,
  trained: boolean,
): void {
  const bias = norm ? norm.bias : trained ? conv.bias : null
  noGrad(() => {
    if (bias) converted.bias?.copy_(bias)
    const gain = norm?.weight
    // A gain of 0 is how nets start their branches silent: that is the option's matter.
    if (gain && (trained || gain.ne(0).any().item())) converted.gain.copy_(gain.view([-1, 1, 1, 1]))
  })
}

/** One silencer a branch: behind two, neither would ever see a gradient. */
function silence(branches: readonly Branch[]): void {
  for (const { ends, silent } of branches)
    if (!silent) for (const { gain } of ends) noGrad(() => gain.zero_())
}

const listed = (names: readonly string[]): string =>
  `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`

function remarksOn({ convs, norms, foreignGates }: Plan, branches: readonly Branch[]): string[] {
  const depthwise = convs.filter(({ conv }) => isDepthwise(conv)).map(({ name }) => name)
  const endless = branches.filter(({ ends }) => ends.length === 0).map(({ block }) => block)
  const lost = norms.filter(({ norm, into }) => into === null && isTrained(norm))
  const remarks: [of: readonly string[], remark: string][] = [
    [
      depthwise,
      'depthwise, whose units have few weights to standardize by. Scaled WS there cost EfficientNet-B0 3.2 % (73.5 for 76.7; NF-ResNets); NF-RegNets have grouped convolutions instead.',
    ],
    [foreignGates, 'a gate near 1/2; the gamma, or scale, of a convolution makes up for it.'],
    [
      endless,
      'no converted convolution ends the branch, so that alpha has no place there; multiply the branch by it yourself.',
    ],
    [
      lost.map(({ name }) => name),
      'trained gain and bias are lost: no convolution stands right in front.',
    ],
  ]
  return remarks.flatMap(([of, remark]) => (of.length > 0 ? [`${listed(of)}: ${remark}`] : []))
}
