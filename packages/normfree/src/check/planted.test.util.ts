// Faults planted in healthy nets: what the check has to find, name rightly, and mend. The tests run
// the small nets; scripts/planted-faults.mjs runs all and prints the table.
import { type nn, noGrad } from '@normfree/torch'
import { ScaledActivation } from '../layers/scaled-activation.ts'
import { ScaledStdConv2d } from '../layers/scaled-std-conv.ts'
import type { ModelOptions } from '../models/entry.ts'
import { createModel } from '../registry.ts'
import type { CheckedTraining, CheckOptions, RuleId } from './finding.ts'
import { OperatorNet, UserNet } from './user-nets.test.util.ts'

/** A net that is healthy. */
export interface Healthy {
  name: string
  /** Sides of images that are large enough, and of such that are not. */
  side: number
  smallSide: number
  create(options?: ModelOptions): nn.Module
}

/** A recipe that wakes branches up. */
export const TRAINING: CheckedTraining = {
  lr: 0.1,
  momentum: 0.9,
  steps: 20_000,
  clip: { factor: 0.01, eps: 1e-3, exclude: [] },
}

/** A model of the registry. */
export const registered = (name: string, side: number, smallSide: number): Healthy => ({
  ...{ name, side, smallSide },
  create: options => createModel(name, options),
})

const userNet: Healthy = {
  ...{ name: 'a user’s net of our layers', side: 32, smallSide: 12 },
  create: options => new UserNet({ decoupled: options?.weightStandardization === 'decoupled' }),
}

/** Small enough for unit tests: both conventions, CIFAR and ImageNet, a user's own. */
export const SMALL_NETS: readonly Healthy[] = [
  registered('nf_resnet20', 32, 16),
  registered('test_nfnet', 160, 64),
  userNet,
]

/** Beside the small ones. */
export const FURTHER_NETS: readonly Healthy[] = [
  registered('nf_resnet26', 128, 64),
  registered('nf_seresnet26', 128, 64),
  registered('dm_nf_resnet26', 128, 64),
  registered('nf_regnet_b0', 128, 64),
  registered('dm_nf_regnet_b0', 128, 64),
  registered('nfnet_l0', 160, 64),
]

/** Nets that are not built to keep unit variance, each with the name of its counterpart without norms. */
export const NORMED_NETS: readonly (Healthy & { normless: string })[] = [
  { ...registered('resnet20', 32, 16), normless: 'resnet20_nonorm' },
  { ...registered('resnetv2_26', 128, 64), normless: 'resnetv2_26_nonorm' },
  { ...registered('resnet26', 128, 64), normless: 'resnet26_nonorm' },
]

/** A net with one fault. */
export interface Planted {
  model: nn.Module
  options: CheckOptions
}

/** One way to spoil a net. */
export interface Fault {
  rule: RuleId
  title: string
  /** The net with the fault; null where it cannot have it. */
  plant(net: Healthy): Planted | null
}

/** The options that a net passes with. */
export const optionsOf = ({ side }: Healthy, training = TRAINING): CheckOptions => ({
  shape: [3, side, side],
  training,
})

/** Settings of layers are fixed for users. */
interface Settable {
  gamma: number
  beta: number
  eps: number
  gain: number
}
const settings = (module: nn.AnyModule): Settable => module as unknown as Settable

const below = <T extends nn.AnyModule>(
  model: nn.Module,
  kind: abstract new (...args: never[]) => unknown,
): [string, T][] =>
  [...model.namedModules()].filter((entry): entry is [string, T] => entry[1] instanceof kind)

const convsOf = (model: nn.Module) =>
  below<ScaledStdConv2d & nn.AnyModule>(model, ScaledStdConv2d).map(([, conv]) => conv)

/** Blocks with a scaled activation in front, as all normalizer-free ones here have. */
interface Entry {
  act1: ScaledActivation
  conv1: ScaledStdConv2d
  downsample: nn.AnyModule | null
  alpha: number
}
const entriesOf = (model: nn.Module): Entry[] =>
  below<ScaledActivation & nn.AnyModule>(model, ScaledActivation)
    .filter(([name]) => name.endsWith('.act1'))
    .map(([name]) => model.getSubmodule(name.slice(0, -'.act1'.length)) as unknown as Entry)

/** A fault that `spoil` makes of the built net; false where there is nothing to spoil. */
const spoiled = (
  rule: RuleId,
  title: string,
  spoil: (model: nn.Module) => boolean,
  build: ModelOptions = {},
): Fault => ({
  rule,
  title,
  plant(net) {
    const model = net.create(build)
    return noGrad(() => spoil(model)) ? { model, options: optionsOf(net) } : null
  },
})

function eachConv(model: nn.Module, spoil: (conv: ScaledStdConv2d) => void): boolean {
  for (const conv of convsOf(model)) spoil(conv)
  return true
}

/** He's gain, where the net has its gains: in the convolutions or in the activations. */
function heGain(model: nn.Module): boolean {
  const inConvs = convsOf(model).filter(({ gamma }) => gamma !== 1)
  for (const conv of inConvs) settings(conv).gamma = Math.SQRT2
  if (inConvs.length === 0)
    for (const [, act] of below(model, ScaledActivation)) settings(act).gamma = Math.SQRT2
  return true
}

function unscaledGates(model: nn.Module): boolean {
  const gates = model.modules().filter(module => 'fc1' in module && 'gain' in module)
  for (const gate of gates) settings(gate).gain = 1
  return gates.length > 0
}

/** Betas that grow by alpha^2 a block from the first to the last. */
function growOn(model: nn.Module): boolean {
  const entries = entriesOf(model)
  let variance = 1
  for (const { act1, alpha } of entries) {
    settings(act1 as unknown as nn.AnyModule).beta = Math.sqrt(variance)
    variance += alpha ** 2
  }
  return entries.filter(({ downsample }) => downsample !== null).length > 1
}

const middleOf = (model: nn.Module): Entry => {
  const entries = entriesOf(model)
  return entries[Math.floor(entries.length / 2)]
}

function wrongBeta(model: nn.Module): boolean {
  const { act1 } = middleOf(model)
  settings(act1 as unknown as nn.AnyModule).beta = 2 * act1.beta
  return true
}

function deadUnits(model: nn.Module): boolean {
  const { bias } = middleOf(model).conv1
  if (!bias) return false
  bias.narrow(0, 0, Math.ceil(0.75 * bias.numel)).fill_(-20)
  return true
}

/** A kernel whose rows are all multiples of one, its variance as before. */
function collapse(model: nn.Module): boolean {
  const { weight } = middleOf(model).conv1
  const rows = weight.flatten(1)
  const factors = rows.narrow(1, 0, 1).mul(Math.sqrt(rows.shape[1]))
  weight.copy_(factors.matmul(rows.narrow(0, 0, 1)).view(weight.shape))
  return true
}

function breakWeight(model: nn.Module): boolean {
  middleOf(model).conv1.weight.narrow(0, 0, 1).fill_(Number.NaN)
  return true
}

const tooSmall: Fault = {
  rule: 'zero-padding-decay',
  title: 'images too small for the strides',
  plant: net => ({
    model: net.create(),
    options: { ...optionsOf(net), shape: [3, net.smallSide, net.smallSide] },
  }),
}

const tooShort: Fault = {
  rule: 'branch-stays-silent',
  title: 'AGC with too small a rate for the number of steps',
  plant: net => ({
    model: net.create(),
    options: optionsOf(net, { ...TRAINING, lr: 0.01, steps: 2000 }),
  }),
}

const DECOUPLED: ModelOptions = { weightStandardization: 'decoupled' }

/** What is planted in normalizer-free nets. */
export const FAULTS: readonly Fault[] = [
  spoiled(
    'explosion',
    'decoupled kernels 1.5 times too large',
    model => eachConv(model, ({ weight }) => void weight.mul_(1.5)),
    DECOUPLED,
  ),
  spoiled('attenuation', 'eps of the standardization too large', model =>
    eachConv(model, conv => {
      settings(conv).eps = conv.convention === 'deepmind' ? 10 : 0.1
    }),
  ),
  spoiled(
    'mean-shift',
    'kernels drawn and not standardized',
    model =>
      eachConv(model, ({ weight }) => {
        const fanIn = weight.numel / weight.shape[0]
        weight.normal_(0, 1 / Math.sqrt(fanIn))
      }),
    DECOUPLED,
  ),
  spoiled('wrong-gain', 'He’s gain, the root of 2', heGain),
  spoiled('unscaled-squeeze-excite', 'gates without the factor 2', unscaledGates),
  spoiled('missing-reset', 'betas that grow through the transitions', growOn),
  spoiled('beta-mismatch', 'one beta twice as large', wrongBeta),
  spoiled('dead-units', 'biases of -20 on three quarters of a layer', deadUnits),
  tooSmall,
  spoiled('ill-conditioned-kernel', 'a kernel of rank 1', collapse),
  tooShort,
  spoiled('non-finite', 'NaN in one unit of a kernel', breakWeight),
]

/** What is planted in nets with norms. */
export const NORM_FAULTS: readonly Fault[] = [
  {
    rule: 'explosion',
    title: 'norms taken out',
    plant(net) {
      const { normless } = net as Partial<(typeof NORMED_NETS)[number]>
      return normless ? { model: createModel(normless), options: optionsOf(net) } : null
    },
  },
]

/** Gradients and mistakes of a net of operators alone, by what they are to be called. */
export const OPERATOR_FAULTS: readonly Fault[] = (
  [
    ['explosion', 'kernels 1.5 times too large', { kernelScale: 1.5 }],
    ['attenuation', 'kernels at half their size', { kernelScale: 0.5 }],
    ['mean-shift', 'kernels drawn and not standardized', { plainKernels: true }],
    ['wrong-gain', 'He’s gain, the root of 2', { gain: Math.SQRT2 }],
    ['unscaled-squeeze-excite', 'gates without the factor 2', { gateGain: 1 }],
    ['missing-reset', 'betas that grow through the transitions', { noReset: true }],
    ['beta-mismatch', 'one beta twice as large', { beta: 2 }],
  ] as const
).map(([rule, title, mistakes]) => ({
  rule,
  title,
  plant: net => ({ model: new OperatorNet(mistakes), options: optionsOf(net) }),
}))

/** The net of operators without a mistake. */
export const OPERATOR_NET: Healthy = {
  ...{ name: 'a user’s net of operators', side: 32, smallSide: 8 },
  create: () => new OperatorNet(),
}
