// Baselines that are no ResNets: rows of numbers for VGG, RegNetY and EfficientNet, by timm's names;
// `rescale_vgg*` are hukkai/rescaling's vgg16 and vgg19.

import { EfficientNet } from './efficientnet.ts'
import type { ModelEntry } from './entry.ts'
import { RegNet } from './regnet.ts'
import { RescaleVgg } from './rescale-vgg.ts'
import { VGG_DEPTHS, Vgg } from './vgg.ts'

type VggDepth = keyof typeof VGG_DEPTHS
const vggDepths = Object.keys(VGG_DEPTHS).map(Number) as VggDepth[]

const vggs = (): ModelEntry[] =>
  vggDepths.flatMap(depth =>
    (['none', 'batch'] as const).map(norm => ({
      name: `vgg${depth}${norm === 'none' ? '' : '_bn'}`,
      family: 'vgg',
      description: `${depth} layers, ${norm === 'none' ? 'no normalization' : 'batch norm'}`,
      paper: 'Simonyan and Zisserman, 2015 (arXiv:1409.1556)',
      ...{ resolution: 224, signalResolution: 224, options: ['norm'] },
      create: options => new Vgg({ layers: VGG_DEPTHS[depth], norm, ...options }),
    })),
  )

const rescaleVggs = (): ModelEntry[] =>
  ([16, 19] as const).map(depth => ({
    name: `rescale_vgg${depth}`,
    family: 'vgg',
    description: `${depth} layers, RescaleNet’s biases, no normalization`,
    paper: 'Shao et al., 2020 (NeurIPS)',
    ...{ resolution: 224, signalResolution: 224, options: ['biasBatches'] },
    create: options => new RescaleVgg({ layers: VGG_DEPTHS[depth], ...options }),
  }))

const RESIDUAL: ModelEntry['options'] = ['dropPathRate', 'outputStride', 'norm']

/** MACs in units of 100 million, then the generating line of the widths. */
const REGNETS: readonly (readonly [
  size: string,
  w0: number,
  wa: number,
  wm: number,
  groupSize: number,
  depth: number,
])[] = [
  ['002', 24, 36.44, 2.49, 8, 13],
  ['004', 48, 27.89, 2.09, 8, 16],
  ['006', 48, 32.54, 2.32, 16, 15],
  ['008', 56, 38.84, 2.4, 16, 14],
  ['016', 48, 20.71, 2.65, 24, 27],
  ['032', 80, 42.63, 2.66, 24, 21],
  ['040', 96, 31.41, 2.24, 64, 22],
  ['064', 112, 33.22, 2.27, 72, 25],
  ['080', 192, 76.82, 2.19, 56, 17],
  ['120', 168, 73.36, 2.37, 112, 19],
  ['160', 200, 106.23, 2.48, 112, 18],
  ['320', 232, 115.89, 2.53, 232, 20],
]

const regNets = (): ModelEntry[] =>
  REGNETS.map(([size, w0, wa, wm, groupSize, depth]) => ({
    name: `regnety_${size}`,
    family: 'regnety',
    description: `${depth} blocks, groups of ${groupSize}, SE, batch norm`,
    paper: 'Radosavovic et al., 2020 (arXiv:2003.13678)',
    ...{ resolution: 224, signalResolution: 512, options: RESIDUAL },
    create: options => new RegNet({ w0, wa, wm, groupSize, depth, ...options }),
  }))

/** Factors of B0's width and depth, and the side of the images. */
const EFFICIENTNETS: readonly (readonly [width: number, depth: number, resolution: number])[] = [
  [1, 1, 224],
  [1, 1.1, 240],
  [1.1, 1.2, 260],
  [1.2, 1.4, 300],
  [1.4, 1.8, 380],
  [1.6, 2.2, 456],
]

const efficientNets = (): ModelEntry[] =>
  EFFICIENTNETS.map(([widthFactor, depthFactor, resolution], level) => ({
    name: `efficientnet_b${level}`,
    family: 'efficientnet',
    description: `${widthFactor} x B0’s width, ${depthFactor} x its depth, batch norm`,
    paper: 'Tan and Le, 2019 (arXiv:1905.11946)',
    ...{ resolution, signalResolution: 512, options: RESIDUAL },
    create: options => new EfficientNet({ widthFactor, depthFactor, ...options }),
  }))

/** All rows of this file. */
export const baselineEntries = (): ModelEntry[] => [
  ...vggs(),
  ...rescaleVggs(),
  ...regNets(),
  ...efficientNets(),
]
