// The variants of ResNet, Fixup, SkipInit, ReZero and RescaleNet: rows of numbers for the nets beside
// this file. Names are timm's where timm has the model, hukkai/rescaling's for `rescale*` and
// `fixup50`; the others continue their rule.
import type { nn } from '@normfree/torch'
import type { NormName } from '../layers/norm.ts'
import { CifarResNet, type CifarResNetForm } from './cifar-resnet.ts'
import type { ModelEntry, ModelOptions } from './entry.ts'
import { FixupResNet } from './fixup.ts'
import { CIFAR_DEPTHS, cifarDepth, IMAGENET_DEPTHS, type KernelInit } from './layout.ts'
import { RescaleNet, type RescaleNetOptions } from './rescale-net.ts'
import { ResNet } from './resnet.ts'
import { ResNetV2, type ResNetV2Options } from './resnetv2.ts'

const PAPERS = {
  v1: 'He et al., 2015 (arXiv:1512.03385)',
  v2: 'He et al., 2016 (arXiv:1603.05027)',
  next: 'Xie et al., 2017 (arXiv:1611.05431)',
  nf: 'Brock et al., 2021 (arXiv:2101.08692)',
  fixup: 'Zhang et al., 2019 (arXiv:1901.09321)',
  skipinit: 'De and Smith, 2020 (arXiv:2002.10444)',
  rezero: 'Bachlechner et al., 2020 (arXiv:2003.04887)',
  rescale: 'Shao et al., 2020 (NeurIPS)',
} as const

/** What differs between models of one size. */
interface Row {
  name: string
  family: string
  description: string
  paper: string
  /** Besides `dropPathRate`, and `outputStride` at ImageNet size. */
  options?: ModelEntry['options']
  create(options: ModelOptions): nn.Module
}

/** Sides of the images, and of the noise images of signal plots, as the papers have them. */
const imagenet = ({ options = [], ...row }: Row): ModelEntry => ({
  ...row,
  ...{ resolution: 224, signalResolution: 512 },
  options: ['dropPathRate', 'outputStride', ...options],
})
const cifar = ({ options = [], ...row }: Row): ModelEntry => ({
  ...row,
  ...{ resolution: 32, signalResolution: 128 },
  options: ['dropPathRate', ...options],
})

const NORM: ModelEntry['options'] = ['norm']
const NORM_FREE: ModelEntry['options'] = ['alpha', 'activation', 'weightStandardization']

type ImagenetDepth = keyof typeof IMAGENET_DEPTHS
const imagenetDepths = Object.keys(IMAGENET_DEPTHS).map(Number) as ImagenetDepth[]
const bottleneckDepths = imagenetDepths.filter(
  depth => IMAGENET_DEPTHS[depth].block === 'bottleneck',
)

/** Suffix and description of the norms that baselines of one depth are listed with. */
const NORM_ROWS: Readonly<Record<NormName, readonly [suffix: string, description: string]>> = {
  batch: ['', 'batch norm'],
  group: ['_gn', 'group norm'],
  group_ws: ['_gn_ws', 'group norm, standardized weights'],
  layer: ['_ln', 'layer norm'],
  instance: ['_in', 'instance norm'],
  none: ['_nonorm', 'no normalization'],
}
const NORM_NAMES = Object.keys(NORM_ROWS) as NormName[]

/** Every norm for the depths of `wide`, batch norm and none for the others. */
const normsOf = (depth: number, wide: number): NormName[] =>
  depth === wide ? NORM_NAMES : ['batch', 'none']

const cifarForms = (depth: number): [CifarResNetForm, string, string, string][] => [
  ...normsOf(depth, 20).map((norm): [CifarResNetForm, string, string, string] => {
    const [suffix, description] = NORM_ROWS[norm]
    const paper = norm === 'none' ? `${PAPERS.v1}, norms removed` : PAPERS.v1
    return [norm, `resnet${depth}${suffix}`, description, paper]
  }),
  ['nf', `nf_resnet${depth}`, 'normalizer-free', `${PAPERS.nf}, at CIFAR size`],
]

const cifarResNets = (): ModelEntry[] =>
  CIFAR_DEPTHS.flatMap(depth =>
    cifarForms(depth).map(([form, name, description, paper]) =>
      cifar({
        ...{ name, paper, options: form === 'nf' ? NORM_FREE : NORM },
        family: 'cifar-resnet',
        description: `${depth} layers, 32 px, ${description}`,
        create: ({ norm, ...options }) =>
          new CifarResNet({ depth, form: norm ?? form, ...options }),
      }),
    ),
  )

const resNets = (): ModelEntry[] =>
  imagenetDepths.flatMap(depth =>
    normsOf(depth, 50).map(norm => {
      const [suffix, description] = NORM_ROWS[norm]
      return imagenet({
        ...{ name: `resnet${depth}${suffix}`, family: 'resnet', paper: PAPERS.v1, options: NORM },
        description: `${depth} layers, ${description}`,
        create: options => new ResNet({ ...IMAGENET_DEPTHS[depth], norm, ...options }),
      })
    }),
  )

const RESNEXTS: readonly (readonly [
  depth: ImagenetDepth,
  cardinality: number,
  baseWidth: number,
])[] = [
  [50, 32, 4],
  [101, 32, 4],
  [101, 32, 8],
  [101, 64, 4],
]

const resNexts = (): ModelEntry[] =>
  RESNEXTS.map(([depth, cardinality, baseWidth]) =>
    imagenet({
      name: `resnext${depth}_${cardinality}x${baseWidth}d`,
      family: 'resnext',
      description: `${depth} layers, ${cardinality} groups of ${baseWidth}, batch norm`,
      paper: PAPERS.next,
      options: NORM,
      create: options =>
        new ResNet({ ...IMAGENET_DEPTHS[depth], cardinality, baseWidth, ...options }),
    }),
  )

/** Pre-activation nets for 32 px: 16, 32 and 64 channels behind a 3 x 3 convolution. */
const cifarV2 = (depth: number, form: Partial<ResNetV2Options>, options: ModelOptions) =>
  new ResNetV2({
    ...cifarDepth(depth),
    channels: [16, 32, 64],
    stem: { channels: 16, kernelSize: 3, stride: 1, pool: false },
    numClasses: 10,
    ...form,
    ...options,
  })

const resNetsV2 = (): ModelEntry[] => [
  ...CIFAR_DEPTHS.map(depth =>
    cifar({
      ...{ name: `resnetv2_${depth}`, family: 'cifar-resnetv2', paper: PAPERS.v2, options: NORM },
      description: `${depth} layers, 32 px, pre-activation, batch norm`,
      create: options => cifarV2(depth, {}, options),
    }),
  ),
  ...imagenetDepths.flatMap(depth =>
    normsOf(depth, 50).map(norm => {
      const [suffix, description] = NORM_ROWS[norm]
      return imagenet({
        ...{ name: `resnetv2_${depth}${suffix}`, family: 'resnetv2', paper: PAPERS.v2 },
        options: NORM,
        description: `${depth} layers, pre-activation, ${description}`,
        create: options => new ResNetV2({ ...IMAGENET_DEPTHS[depth], norm, ...options }),
      })
    }),
  ),
]

/** N(0, 1 / fan-in). */
const FAN_IN: KernelInit = { mode: 'fan_in', gain: 1 }
/** Haiku's default, of DeepMind's nets without norms. */
const HAIKU: KernelInit = { ...FAN_IN, truncated: true }

/** The nets of the NF-ResNets paper's figures, whose variance can be told beforehand. */
const FIGURES: readonly {
  prefix: string
  suffix: string
  description: string
  options: ModelEntry['options']
  form(options: ModelOptions): Partial<ResNetV2Options>
}[] = [
  {
    prefix: 'resnetv2_',
    suffix: '_relu_bn',
    description: 'pre-activation, batch norm behind ReLU',
    options: NORM,
    form: () => ({ order: 'act_norm', init: FAN_IN, unitBranch: true }),
  },
  {
    prefix: 'resnetv2_',
    suffix: '_linear',
    description: 'pre-activation, batch norm, no activation, no max pool',
    options: NORM,
    form: () => ({
      activation: 'identity',
      init: FAN_IN,
      stem: { channels: 64, kernelSize: 7, stride: 2, pool: false },
      unitBranch: true,
    }),
  },
  {
    prefix: 'selu_resnetv2_',
    suffix: '',
    description: 'constant variance: SELU and a rescaled sum, no normalization',
    options: ['alpha'],
    form: ({ alpha = 0.2 }) => ({
      activation: 'selu',
      norm: 'none',
      init: FAN_IN,
      // A max pool would leave a third of the variance, and a mean.
      stem: { channels: 64, kernelSize: 7, stride: 4, pool: false },
      shortcutScale: 1 / Math.sqrt(1 + alpha ** 2),
      branchScale: alpha / Math.sqrt(1 + alpha ** 2),
      unitBranch: true,
    }),
  },
]

const figureNets = (): ModelEntry[] =>
  FIGURES.flatMap(({ prefix, suffix, description, options, form }) =>
    ([50, 600] as const).map(depth =>
      imagenet({
        ...{ name: `${prefix}${depth}${suffix}`, family: 'resnetv2', paper: PAPERS.nf },
        ...{ description: `${depth} layers, ${description}`, options },
        create: options =>
          new ResNetV2({ ...IMAGENET_DEPTHS[depth], ...form(options), ...options }),
      }),
    ),
  )

const fixups = (): ModelEntry[] => [
  ...CIFAR_DEPTHS.map(depth =>
    cifar({
      ...{ name: `fixup_resnet${depth}`, family: 'cifar-fixup', paper: PAPERS.fixup },
      description: `${depth} layers, 32 px, no normalization`,
      create: options => new FixupResNet({ ...cifarDepth(depth), size: 'cifar', ...options }),
    }),
  ),
  ...imagenetDepths.map(depth =>
    imagenet({
      ...{ name: `fixup${depth}`, family: 'fixup', paper: PAPERS.fixup },
      description: `${depth} layers, no normalization`,
      create: options =>
        new FixupResNet({ ...IMAGENET_DEPTHS[depth], size: 'imagenet', ...options }),
    }),
  ),
]

const SKIPINIT: Partial<ResNetV2Options> = { norm: 'none', skipinit: true, init: HAIKU }

const skipInits = (): ModelEntry[] => [
  ...CIFAR_DEPTHS.map(depth =>
    cifar({
      ...{ name: `skipinit_resnet${depth}`, family: 'cifar-skipinit', paper: PAPERS.skipinit },
      description: `${depth} layers, 32 px, pre-activation, no normalization`,
      create: options => cifarV2(depth, SKIPINIT, options),
    }),
  ),
  ...bottleneckDepths.map(depth =>
    imagenet({
      ...{ name: `skipinit_resnet${depth}`, family: 'skipinit', paper: PAPERS.skipinit },
      description: `${depth} layers, pre-activation, no normalization`,
      create: options => new ResNetV2({ ...IMAGENET_DEPTHS[depth], ...SKIPINIT, ...options }),
    }),
  ),
]

const reZeros = (): ModelEntry[] => [
  ...CIFAR_DEPTHS.map(depth =>
    cifar({
      ...{ name: `rezero_resnet${depth}`, family: 'cifar-rezero', paper: PAPERS.rezero },
      options: NORM,
      description: `${depth} layers, 32 px, batch norm`,
      create: ({ norm = 'batch', ...options }) =>
        new CifarResNet({ depth, form: norm, rezero: true, ...options }),
    }),
  ),
  ...bottleneckDepths.map(depth =>
    imagenet({
      ...{ name: `rezero_resnet${depth}`, family: 'rezero', paper: PAPERS.rezero, options: NORM },
      description: `${depth} layers, batch norm`,
      create: options => new ResNet({ ...IMAGENET_DEPTHS[depth], rezero: true, ...options }),
    }),
  ),
]

const RESCALES: readonly (Omit<RescaleNetOptions, 'layers'> & {
  name: string
  depth: ImagenetDepth
})[] = [
  { name: 'rescale50', depth: 50 },
  { name: 'rescale101', depth: 101 },
  { name: 'rescale152', depth: 152 },
  { name: 'rescale200', depth: 200 },
  { name: 'rescaleX50_32x4d', depth: 50, groups: 32, baseWidth: 4 },
  { name: 'rescaleX101_32x8d', depth: 101, groups: 32, baseWidth: 8 },
]

const rescaleNets = (): ModelEntry[] =>
  RESCALES.map(({ name, depth, ...form }) =>
    imagenet({
      ...{ name, family: 'rescale-net', paper: PAPERS.rescale },
      options: ['c', 'multiplier', 'biasBatches', 'depthInit', 'identityScale', 'dropConv'],
      description: `${depth} layers, no normalization${form.groups ? `, ${form.groups} groups of ${form.baseWidth}` : ''}`,
      create: options => {
        const { layers } = IMAGENET_DEPTHS[depth]
        return new RescaleNet({ layers, ...form, ...options })
      },
    }),
  )

/** All rows of this file. */
export const residualEntries = (): ModelEntry[] => [
  ...cifarResNets(),
  ...resNets(),
  ...resNexts(),
  ...resNetsV2(),
  ...figureNets(),
  ...fixups(),
  ...skipInits(),
  ...reZeros(),
  ...rescaleNets(),
]
