// Sizes as others published them, for the table of models. Numbers are strings with the digits that
// stand in the source: millions of parameters, billions of multiply-accumulates at the registry's
// resolution. `why` is for a figure that ours, rounded alike, is not; without it a difference fails the
// table. Only figures that were looked up in the source named are here.

/**
 * @typedef {object} Figure
 * @property {string} source
 * @property {string} [parameters]
 * @property {string} [macs]
 * @property {string} [why]
 */

/** Of each source, what it is. */
export const SOURCES = {
  timm: 'huggingface/pytorch-image-models, results/benchmark-infer-amp-nhwc-pt112-cu113-rtx3090.csv (parameters)',
  'NF-ResNets': 'Brock et al., 2021 (arXiv:2101.08692), Table 3',
  NFNets: 'Brock et al., 2021 (arXiv:2102.06171), and deepmind-research, nfnets/',
  EfficientNet:
    'Tan and Le, 2019 (arXiv:1905.11946), as quoted by NF-ResNets, Table 3, without its last zeros',
  RegNet:
    'Radosavovic et al., 2020 (arXiv:2003.13678), as quoted by NF-ResNets, Table 3, without its last zeros',
}

/** timm's results table, millions of parameters. */
const TIMM = `
  resnet18 11.69, resnet26 16.0, resnet34 21.8, resnet50 25.56, resnet101 44.55, resnet152 60.19,
  resnet200 64.67, resnet50_gn 25.56, resnext50_32x4d 25.03, resnext101_32x4d 44.18,
  resnext101_32x8d 88.79, resnext101_64x4d 83.46, resnetv2_50 25.55, resnetv2_101 44.54,
  resnetv2_152 60.19, vgg11 132.86, vgg11_bn 132.87, vgg13 133.05, vgg13_bn 133.05, vgg16 138.36,
  vgg16_bn 138.37, vgg19 143.67, vgg19_bn 143.68, regnety_002 3.16, regnety_004 4.34,
  regnety_006 6.06, regnety_008 6.26, regnety_016 11.2, regnety_032 19.44, regnety_040 20.65,
  regnety_064 30.58, regnety_080 39.18, regnety_120 51.82, regnety_160 83.59, regnety_320 145.05,
  efficientnet_b0 5.29, efficientnet_b1 7.79, efficientnet_b2 9.11, efficientnet_b3 12.23,
  efficientnet_b4 19.34, efficientnet_b5 30.39, nf_resnet26 16.0, nf_resnet50 25.56,
  nf_resnet101 44.55, nf_seresnet26 17.4, nf_seresnet50 28.09, nf_seresnet101 49.33,
  nf_ecaresnet26 16.0, nf_ecaresnet50 25.56, nf_ecaresnet101 44.55, nf_regnet_b0 8.76,
  nf_regnet_b1 10.22, nf_regnet_b2 14.31, nf_regnet_b3 18.59, nf_regnet_b4 30.21, nf_regnet_b5 49.74,
  nfnet_f0 71.49, nfnet_f1 132.63, nfnet_f2 193.78, nfnet_f3 254.92, nfnet_f4 316.07,
  nfnet_f5 377.21, nfnet_f6 438.36, nfnet_f7 499.5, dm_nfnet_f0 71.49, dm_nfnet_f1 132.63,
  dm_nfnet_f2 193.78, dm_nfnet_f3 254.92, dm_nfnet_f4 316.07, dm_nfnet_f5 377.21, dm_nfnet_f6 438.36,
  nfnet_l0 35.07, eca_nfnet_l0 24.14, eca_nfnet_l1 41.41, eca_nfnet_l2 56.72, eca_nfnet_l3 72.04`

const UNROUNDED = 'the paper halves sides without rounding up'
const COARSE = 'the paper rounds coarsely'
const UNKNOWN = 'cause unknown; names and shapes are timm’s'
const NORMS = `${UNKNOWN}; with a multiplication for each normalized element it would agree`
const BETWEEN = `${UNKNOWN}; the figure lies between the counts with odd sides rounded down and up`

/** @type {readonly (readonly [name: string, source: keyof typeof SOURCES, parameters: string | undefined, macs?: string, why?: string])[]} */
const PAPERS = [
  ['efficientnet_b0', 'EfficientNet', '5.3', '0.39'],
  ['efficientnet_b1', 'EfficientNet', '7.8', '0.70', NORMS],
  ['efficientnet_b2', 'EfficientNet', '9.2', '1.0', UNKNOWN],
  ['efficientnet_b3', 'EfficientNet', '12', '1.8'],
  ['efficientnet_b4', 'EfficientNet', '19', '4.2', BETWEEN],
  ['efficientnet_b5', 'EfficientNet', '30', '9.9', BETWEEN],
  ['regnety_004', 'RegNet', '4.3', '0.4'],
  ['regnety_006', 'RegNet', '6.1', '0.6'],
  ['regnety_008', 'RegNet', '6.3', '0.8'],
  ['regnety_040', 'RegNet', '20.6', '4.0'],
  ['regnety_120', 'RegNet', '51.8', '12.1'],
  ['dm_nf_regnet_b0', 'NF-ResNets', '8.6', '0.44'],
  ['dm_nf_regnet_b1', 'NF-ResNets', '10.0', '0.73'],
  ['dm_nf_regnet_b2', 'NF-ResNets', '13.8', '1.10', UNROUNDED],
  ['dm_nf_regnet_b3', 'NF-ResNets', '18.1', '2.00'],
  ['dm_nf_regnet_b4', 'NF-ResNets', '29.3', '4.47'],
  ['dm_nf_regnet_b5', 'NF-ResNets', '48.7', '10.56', UNROUNDED],
  ['resnet50', 'NF-ResNets', '26.0', '4.10', COARSE],
  ['resnet152', 'NF-ResNets', '60.0', '11.00', COARSE],
  ['dm_nfnet_f0', 'NFNets', '71.5', '12.38'],
  ['dm_nfnet_f1', 'NFNets', '132.6', '35.54'],
  ['dm_nfnet_f2', 'NFNets', '193.8', '62.59'],
  ['dm_nfnet_f3', 'NFNets', '254.9', '114.76'],
  ['dm_nfnet_f4', 'NFNets', '316.1', '215.24'],
  ['dm_nfnet_f5', 'NFNets', '377.2', '289.76'],
  ['dm_nfnet_f6', 'NFNets', '438.4', '377.28'],
]

/** @returns {Map<string, Figure[]>} by the registry's names */
export function published() {
  /** @type {Map<string, Figure[]>} */
  const figures = new Map()
  /** @param {string} name @param {Figure} figure */
  const add = (name, figure) => figures.set(name, [...(figures.get(name) ?? []), figure])
  for (const [name, source, parameters, macs, why] of PAPERS)
    add(name, { source, parameters, macs, why })
  for (const row of TIMM.split(',')) {
    const [name, parameters] = row.trim().split(' ')
    add(name, { source: 'timm', parameters })
  }
  return figures
}
