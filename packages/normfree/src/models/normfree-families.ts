// The variants of NF-ResNet, NF-RegNet and NFNet: rows of numbers for NormFreeNet. Names without
// prefix and `dm_nfnet_*` are timm's; `dm_nf_*` follow DeepMind's code. What no reference has (depths
// beyond timm's, `dm_nfnet_f7`, the wider `_plus` nets) continues the rule of its family.
import type { ModelEntry } from './entry.ts'
import type { Attention } from './normfree-block.ts'
import { makeDivisible } from './normfree-conventions.ts'
import { NormFreeNet, type NormFreeNetConfig } from './normfree-net.ts'

const RESNET_PAPER = 'Brock et al., 2021 (arXiv:2101.08692)'
const NFNET_PAPER = 'Brock et al., 2021 (arXiv:2102.06171)'

/** Side of the noise images of the papers' signal plots. */
const SIGNAL_RESOLUTION = 512

type Row = Omit<ModelEntry, 'create' | 'options' | 'signalResolution'> & {
  config: NormFreeNetConfig
}

const entry = ({ config, ...row }: Row): ModelEntry => ({
  ...row,
  signalResolution: SIGNAL_RESOLUTION,
  options: ['dropPathRate', 'outputStride', 'alpha', 'activation', 'weightStandardization'],
  create: options => new NormFreeNet(config, options),
})

/** What most variants share. */
const COMMON = {
  alpha: 0.2,
  reg: false,
  extraConv: false,
  groupSize: null,
  attention: null,
  shortcut: 'avg_pool',
  numFeatures: null,
  zeroInitFc: false,
} satisfies Partial<NormFreeNetConfig>

const RESNET_DEPTHS: Readonly<Record<number, readonly number[]>> = {
  26: [2, 2, 2, 2],
  50: [3, 4, 6, 3],
  101: [3, 4, 23, 3],
  152: [3, 8, 36, 3],
  200: [3, 24, 36, 3],
  288: [24, 24, 24, 24],
  600: [50, 50, 50, 50],
}

/** NF-ResNets: a bottleneck of a quarter of the output, no groups, no last convolution. */
const resnets = (
  prefix: string,
  description: string,
  attention: Attention | null,
  ways: Pick<NormFreeNetConfig, 'convention' | 'shortcut'>,
): ModelEntry[] =>
  Object.entries(RESNET_DEPTHS).map(([depth, depths]) =>
    entry({
      name: `${prefix}${depth}`,
      family: 'nf-resnet',
      description: `${depth} layers, ${description}`,
      paper: RESNET_PAPER,
      resolution: 224,
      config: {
        ...COMMON,
        ...ways,
        activation: 'relu',
        stem: { kind: '7x7_pool', channels: 64 },
        depths,
        channels: [256, 512, 1024, 2048],
        bottleRatio: 0.25,
        attention,
      },
    }),
  )

const TIMM = { convention: 'timm', shortcut: 'avg_pool' } as const
const DEEPMIND = { convention: 'deepmind', shortcut: 'strided_conv' } as const

/** Widths before the multiplier of 3/4, blocks of each stage, and the side at evaluation. */
const REGNETS: readonly (readonly [widths: number[], depths: number[], resolution: number])[] = [
  [[48, 104, 208, 440], [1, 3, 6, 6], 224],
  [[48, 104, 208, 440], [2, 4, 7, 7], 256],
  [[56, 112, 232, 488], [2, 4, 8, 8], 272],
  [[56, 128, 248, 528], [2, 5, 9, 9], 320],
  [[64, 144, 288, 616], [2, 6, 11, 11], 384],
  [[80, 168, 336, 704], [3, 7, 14, 14], 456],
  [[88, 184, 376, 792], [3, 8, 16, 16], 528],
  [[96, 208, 416, 880], [4, 10, 19, 19], 600],
  [[104, 232, 456, 968], [4, 11, 22, 22], 672],
]

/** NF-RegNets; timm has B0 to B5, in channels that 8 divides. */
function regnet(convention: 'timm' | 'deepmind', level: number): ModelEntry {
  const [widths, depths, resolution] = REGNETS[level]
  const timm = convention === 'timm'
  const channels = widths.map(width => (timm ? makeDivisible : Math.floor)(0.75 * width))
  const last = timm ? widths[3] : channels[3]
  const features = Math.floor((1280 * last) / 440)
  return entry({
    name: `${timm ? '' : 'dm_'}nf_regnet_b${level}`,
    family: 'nf-regnet',
    description: timm ? 'channels divisible by 8' : 'the paper’s widths',
    paper: RESNET_PAPER,
    resolution,
    config: {
      ...COMMON,
      convention,
      activation: 'silu',
      stem: { kind: '3x3', channels: channels[0] },
      depths,
      channels,
      bottleRatio: 2.25,
      reg: true,
      groupSize: 8,
      attention: { kind: 'se', ratio: 0.5 },
      numFeatures: timm ? makeDivisible(0.75 * features) : features,
      zeroInitFc: !timm,
    },
  })
}

/** A row of NFNets: [1, 2, 6, 3] blocks a stage, `repeats` times. */
interface NfnetRow {
  name: string
  description: string
  repeats: number
  resolution: number
  config: Partial<NormFreeNetConfig>
}

const nfnet = ({ name, description, repeats, resolution, config }: NfnetRow): ModelEntry =>
  entry({
    name,
    family: 'nfnet',
    description,
    paper: NFNET_PAPER,
    resolution,
    config: {
      ...COMMON,
      convention: 'timm',
      activation: 'gelu',
      stem: { kind: 'deep_quad', channels: 128 },
      depths: [1, 2, 6, 3].map(depth => depth * repeats),
      channels: [256, 512, 1536, 1536],
      bottleRatio: 0.5,
      extraConv: true,
      groupSize: 128,
      attention: { kind: 'se', ratio: 0.5 },
      numFeatures: 3072,
      ...config,
    },
  })

/** Sides at evaluation of F0 to F7. */
const F_RESOLUTIONS = [256, 320, 352, 416, 512, 544, 576, 608] as const

/** F0 to F7 in one of their three forms. */
const nfnetsF = (
  nameOf: (level: number) => string,
  description: string,
  config: Partial<NormFreeNetConfig>,
): ModelEntry[] =>
  F_RESOLUTIONS.map((resolution, level) => {
    const repeats = level + 1
    return nfnet({ name: nameOf(level), description, repeats, resolution, config })
  })

const WIDE = {
  channels: [384, 768, 2048, 2048],
  stem: { kind: 'deep_quad', channels: 192, hidden: [16, 32, 64] },
  numFeatures: 4096,
} satisfies Partial<NormFreeNetConfig>

const LIGHT = {
  activation: 'silu',
  groupSize: 64,
  bottleRatio: 0.25,
} satisfies Partial<NormFreeNetConfig>

/** ECA-NFNet-L0 to L3: sides at evaluation, features. */
const ECA_LIGHT = [
  [288, 2304],
  [320, 3072],
  [384, 3072],
  [448, 3072],
] as const

const lightNfnets = (): ModelEntry[] => [
  nfnet({
    name: 'nfnet_l0',
    description: 'light: narrow groups and bottlenecks, SiLU',
    repeats: 1,
    resolution: 288,
    config: { ...LIGHT, attention: { kind: 'se', ratio: 0.25 }, numFeatures: 2304 },
  }),
  ...ECA_LIGHT.map(([resolution, numFeatures], level) =>
    nfnet({
      name: `eca_nfnet_l${level}`,
      description: 'light, with ECA in place of SE',
      repeats: level + 1,
      resolution,
      config: { ...LIGHT, attention: { kind: 'eca' }, numFeatures },
    }),
  ),
  nfnet({
    name: 'test_nfnet',
    description: 'tiny, for tests',
    repeats: 1,
    resolution: 160,
    config: {
      ...LIGHT,
      depths: [1, 1, 1, 1],
      channels: [32, 64, 96, 128],
      groupSize: 8,
      attention: { kind: 'se', ratio: 0.25 },
      numFeatures: 192,
    },
  }),
]

/** All rows of this file. */
export function normFreeEntries(): ModelEntry[] {
  const eca: Attention = { kind: 'eca' }
  const se = (ratio: number): Attention => ({ kind: 'se', ratio })
  return [
    ...resnets('nf_resnet', 'normalizer-free', null, TIMM),
    ...resnets('nf_seresnet', 'normalizer-free, SE', se(1 / 16), TIMM),
    ...resnets('nf_ecaresnet', 'normalizer-free, ECA', eca, TIMM),
    ...resnets('dm_nf_resnet', 'normalizer-free, as DeepMind', null, DEEPMIND),
    ...resnets('dm_nf_seresnet', 'normalizer-free, SE, as DeepMind', se(1 / 4), DEEPMIND),
    ...REGNETS.slice(0, 6).map((_, level) => regnet('timm', level)),
    ...REGNETS.map((_, level) => regnet('deepmind', level)),
    ...nfnetsF(level => `dm_nfnet_f${level}`, 'for DeepMind’s weights', { convention: 'timm_dm' }),
    ...nfnetsF(level => `dm_nfnet_f${level}_plus`, 'wider, for DeepMind’s weights', {
      ...WIDE,
      convention: 'timm_dm',
    }),
    ...nfnetsF(level => `nfnet_f${level}`, 'as timm', {}),
    ...lightNfnets(),
  ]
}
