// The nets of the NF-ResNets paper's signal propagation plots: 600 layers, alpha 1, branches open. The
// three that show a fault (no standardization, He's gain, plain squeeze-excite) are healthy nets in
// which the fault is planted: no model of the library has it as an option.
import type { SignalRecord, SignalTap } from '@normfree/runs'
import { nn, randn, tidy } from '@normfree/torch'
import {
  type Attention,
  FixupResNet,
  type KernelInit,
  measureSignal,
  NormFreeNet,
  type NormFreeNetConfig,
  noiseInput,
  openBranches,
  ResNet,
  ResNetV2,
  type ResNetV2Options,
  releaseModel,
  ScaledActivation,
  ScaledStdConv2d,
  SqueezeExcite,
} from 'normfree'
import type { Bench } from './bench.ts'

const HE: KernelInit = { mode: 'fan_in', gain: Math.SQRT2 }
const UNIT: KernelInit = { mode: 'fan_in', gain: 1 }

/** What a figure's net is told: blocks of each stage. */
type Build = (layers: readonly number[]) => nn.Module

interface FigureNet {
  /** As the legend has it. */
  label: string
  build: Build
  /** Deviation of the noise; 1 unless the signal would overflow. */
  noise?: number
  /** One image in place of a batch: what a stage puts out stays until it ends, 7 GB without a pool. */
  single?: boolean
}

const v2 =
  (options: Partial<ResNetV2Options>): Build =>
  layers =>
    new ResNetV2({ block: 'bottleneck', layers, ...options })

const normFree = (
  layers: readonly number[],
  config: Partial<NormFreeNetConfig> = {},
  standardized = true,
): NormFreeNet =>
  new NormFreeNet(
    {
      ...{ convention: 'deepmind', activation: 'relu', stem: { kind: '7x7_pool', channels: 64 } },
      ...{ depths: layers, channels: [256, 512, 1024, 2048], bottleRatio: 0.25, alpha: 1 },
      ...{ reg: false, extraConv: false, groupSize: null, attention: null, numFeatures: null },
      ...{ shortcut: 'strided_conv', zeroInitFc: false },
      ...config,
    },
    // Decoupled kernels are taken as they are: whatever is drawn into them stays.
    { weightStandardization: standardized ? 'forward' : 'decoupled' },
  )

/** Draws kernels from N(0, gain^2 / fan-in) in place of the standardized ones, without gamma. */
function drawKernels<M extends nn.Module>(model: M, gain: number): M {
  for (const module of model.modules()) {
    if (module instanceof ScaledStdConv2d) {
      const [fanIn] = nn.init.calculateFanInAndFanOut(module.weight)
      nn.init.normal_(module.weight, 0, gain / Math.sqrt(fanIn))
    }
    if (module instanceof ScaledActivation) Object.assign(module, { gamma: 1 })
  }
  return model
}

/** Sets a constant of every module of one class. */
function plant<M extends nn.Module>(
  model: M,
  kind: typeof ScaledActivation | typeof SqueezeExcite,
  fault: object,
): M {
  for (const module of model.modules()) if (module instanceof kind) Object.assign(module, fault)
  return model
}

const SE: Attention = { kind: 'se', ratio: 0.25 }
const NO_POOL = { channels: 64, kernelSize: 7, stride: 2, pool: false } as const

/** Without the maximum, and at the full side that it would have halved, as figure 7 has it. */
function unpooled(model: NormFreeNet): NormFreeNet {
  model.stem.addModule('pool', new nn.Identity())
  return model
}

/** The level of the plots follows the stem's, which the authors' frameworks draw differently. */
function unitStem(model: FixupResNet): FixupResNet {
  const [fanIn] = nn.init.calculateFanInAndFanOut(model.conv1.weight)
  nn.init.normal_(model.conv1.weight, 0, fanIn ** -0.5)
  return model
}

const NETS = {
  bnReluConv: { label: 'BN-ReLU-Conv', build: v2({ init: HE }) },
  reluBnConv: { label: 'ReLU-BN-Conv', build: v2({ order: 'act_norm', init: UNIT }) },
  reluBnConvHe: { label: 'ReLU-BN-Conv, gain √2', build: v2({ order: 'act_norm', init: HE }) },
  nfHe: { label: 'NF, He', build: layers => drawKernels(normFree(layers, {}, false), Math.SQRT2) },
  nfUnstandardized: {
    label: 'NF, linear',
    build: layers => unpooled(drawKernels(normFree(layers, { activation: 'identity' }, false), 1)),
    single: true,
  },
  nf: { label: 'NF, Scaled WS', build: layers => normFree(layers) },
  noNorm: { label: 'no norm, He', build: v2({ norm: 'none', init: HE }), noise: 1e-15 },
  bnLinear: {
    label: 'BN, linear',
    build: v2({ activation: 'identity', init: UNIT, stem: NO_POOL }),
    single: true,
  },
  nfSqrt2: {
    label: 'NF, γ = √2',
    build: layers => plant(normFree(layers), ScaledActivation, { gamma: Math.SQRT2 }),
  },
  nfPlainSe: {
    label: 'NF, S+E',
    build: layers => plant(normFree(layers, { attention: SE }), SqueezeExcite, { gain: 1 }),
  },
  nfSe: { label: 'NF, 2 × S+E', build: layers => normFree(layers, { attention: SE }) },
  fixup: {
    label: 'Fixup',
    build: layers => unitStem(new FixupResNet({ block: 'bottleneck', size: 'imagenet', layers })),
  },
  v1: {
    label: 'ResNet V1',
    build: layers => new ResNet({ block: 'bottleneck', layers, zeroInitLast: false }),
  },
} satisfies Record<string, FigureNet>

/** Blue, red, green and cyan as in the paper's figures 1 and 2, as far as the palette has them. */
export const PALETTE: readonly string[] = [
  NETS.bnReluConv.label,
  NETS.reluBnConv.label,
  NETS.nfHe.label,
  NETS.nfSqrt2.label,
  NETS.nfPlainSe.label,
  NETS.nf.label,
  NETS.nfSe.label,
]

/** Nets that the figures are made of. */
export type FigureNetName = keyof typeof NETS

/** One of the figures' nets with branches open, from one draw of its weights. */
export function buildFigureNet(name: FigureNetName, layers: readonly number[]): nn.Module {
  const { build }: FigureNet = NETS[name]
  // In a scope, so that nothing but the model holds its weights: they are gigabytes at full size.
  return tidy(() => {
    const model = build(layers)
    openBranches(model)
    return model
  })
}

/** The signal of one of the figures' nets on N(0, 1) noise. */
export function figureSignal(bench: Bench, name: FigureNetName): SignalRecord {
  const { label, noise = 1, single }: FigureNet = NETS[name]
  const { blocks, side } = bench
  const shape = [single ? 1 : bench.batch, 3, side, side]
  return bench.signal(name, () => {
    const model = buildFigureNet(name, [blocks, blocks, blocks, blocks])
    const taps = tidy(() => measureSignal(model, randn(shape).mul(noise)))
    releaseModel(model)
    const input = `${noiseInput(shape).input}, 1 draw`
    // A net without norms and biases is homogeneous: what went in smaller is multiplied out again.
    return { model: label, input, taps: taps.map(tap => scaled(tap, noise ** -2)) }
  })
}

const scaled = (tap: SignalTap, factor: number): SignalTap => ({
  ...tap,
  channelSquaredMean: tap.channelSquaredMean * factor,
  channelVariance: tap.channelVariance * factor,
  residualVariance: tap.residualVariance === null ? null : tap.residualVariance * factor,
})
