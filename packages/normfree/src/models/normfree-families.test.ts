// Every row against the sizes of its reference: timm's results table, deepmind-research's counts,
// and the papers' (NF-ResNets, Table 3; NFNets, Table 1), with the exact feature sizes.
import { nn } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { modelCost } from '../inspect.ts'
import { createModel } from '../registry.ts'
import { normFreeEntries } from './normfree-families.ts'

type Row = [name: string, parameters: number, ...macs: [side: number, giga: number][]]

const RESNETS: Row[] = [
  ['nf_resnet26', 15_995_176, [224, 2.342]],
  ['nf_resnet50', 25_557_032, [224, 4.089], [256, 5.34], [288, 6.758]],
  ['nf_resnet101', 44_549_160, [224, 7.801]],
  ['nf_resnet152', 60_192_808, [224, 11.514]],
  ['nf_resnet200', 64_673_832, [224, 15.007]],
  ['nf_resnet288', 146_460_456, [224, 21.558]],
  ['nf_resnet600', 300_646_696, [224, 44.269]],
  ['nf_seresnet26', 17_395_976, [224, 2.344]],
  ['nf_seresnet50', 28_088_024, [224, 4.092]],
  ['nf_seresnet101', 49_326_872, [224, 7.806]],
  ['nf_ecaresnet26', 15_995_220, [224, 2.342]],
  ['nf_ecaresnet50', 25_557_118, [224, 4.089]],
  ['nf_ecaresnet101', 44_549_331, [224, 7.802]],
  ['dm_nf_resnet26', 15_995_184, [224, 2.342]],
  ['dm_nf_resnet50', 25_557_048, [224, 4.089]],
  ['dm_nf_resnet101', 44_549_193, [224, 7.801]],
  ['dm_nf_resnet152', 60_192_858, [224, 11.514]],
  ['dm_nf_resnet200', 64_673_898, [224, 15.007]],
  ['dm_nf_resnet288', 146_460_552, [224, 21.558]],
  ['dm_nf_resnet600', 300_646_896, [224, 44.269]],
]

const REGNETS: Row[] = [
  ['nf_regnet_b0', 8_764_288, [192, 0.351]],
  ['nf_regnet_b1', 10_223_984, [256, 0.791]],
  ['nf_regnet_b2', 14_314_608, [240, 0.934]],
  ['nf_regnet_b3', 18_593_832, [288, 1.624]],
  ['nf_regnet_b4', 30_210_816, [320, 3.219]],
  ['nf_regnet_b5', 49_741_728, [384, 7.83]],
  ['dm_nf_regnet_b0', 8_595_372, [224, 0.444]],
  ['dm_nf_regnet_b1', 10_019_208, [256, 0.734]],
  ['dm_nf_regnet_b2', 13_785_904, [272, 1.145]],
  ['dm_nf_regnet_b3', 18_136_667, [320, 1.999]],
  ['dm_nf_regnet_b4', 29_315_830, [384, 4.467]],
  ['dm_nf_regnet_b5', 48_707_138, [456, 11.098]],
  ['dm_nf_regnet_b6', 70_045_805, [528, 20.137]],
  ['dm_nf_regnet_b7', 101_743_204, [600, 38.161]],
  ['dm_nf_regnet_b8', 142_314_441, [672, 63.719]],
]

/** Parameters of dm_nfnet_f0 to f7; timm's nfnet_f* have one fewer a block. */
const F_ROWS: [parameters: number, ...macs: [side: number, giga: number][]][] = [
  [71_489_284, [256, 12.384], [192, 6.977]],
  [132_634_256, [320, 35.539], [224, 17.438]],
  [193_779_228, [352, 62.593], [256, 33.139]],
  [254_924_200, [416, 114.764], [320, 67.944]],
  [316_069_172, [512, 215.241], [384, 121.122]],
  [377_214_144, [544, 289.757], [416, 169.498]],
  [438_359_116, [576, 377.28], [448, 228.293]],
  [499_504_088, [608, 478.782], [480, 298.477]],
]

const NFNETS: Row[] = [
  ...F_ROWS.flatMap(([parameters, ...macs], level): Row[] => [
    [`dm_nfnet_f${level}`, parameters, ...macs],
    [`nfnet_f${level}`, parameters - 12 * (level + 1), ...macs],
  ]),
  ['nfnet_l0', 35_074_488, [224, 4.255], [288, 7.025]],
  ['eca_nfnet_l0', 24_143_924, [224, 4.244], [288, 7.014]],
  ['eca_nfnet_l1', 41_407_728, [256, 9.429], [320, 14.73]],
  ['eca_nfnet_l2', 56_722_348, [320, 20.683], [384, 29.782]],
  ['eca_nfnet_l3', 72_036_968, [352, 32.228], [448, 52.202]],
  ['test_nfnet', 383_080, [160, 0.285]],
]

/** Of the wider nets the sources give millions and tenths of billions. */
const PLUS: [millions: number, giga: number][] = [
  [118.8, 19.5],
  [220.4, 55.4],
  [321.9, 97.3],
  [423.4, 178.0],
  [525.0, 333.4],
  [626.5, 448.4],
  [728.0, 583.5],
  [829.6, 740.2],
]

/** Parameters, and billions of MACs at each side. */
const sizeOf = (name: string, sides: readonly number[]) => ({
  parameters: modelCost(name).parameters,
  giga: sides.map(side => modelCost(name, side).macs / 1e9),
})

describe('the size of', () => {
  it.each([...RESNETS, ...REGNETS, ...NFNETS])(
    '%s is its reference’s: %d parameters',
    (name, expected, ...macs) => {
      const { parameters, giga } = sizeOf(
        name,
        macs.map(([side]) => side),
      )
      expect(parameters).toBe(expected)
      for (const [i, [, value]] of macs.entries()) expect(giga[i]).toBeCloseTo(value, 3)
    },
  )

  it.each(PLUS.map((row, level) => [level, ...row]))(
    'dm_nfnet_f%d_plus is %d million parameters and %d billion MACs',
    (level, millions, expected) => {
      const { parameters, giga } = sizeOf(`dm_nfnet_f${level}_plus`, [F_ROWS[level][1][0]])
      expect(parameters / 1e6).toBeCloseTo(millions, 1)
      expect(giga[0]).toBeCloseTo(expected, 1)
    },
  )
})

describe('normFreeEntries', () => {
  // Numbers of entries in timm's state dicts.
  it.each([
    ['dm_nfnet_f0', 233],
    ['nf_regnet_b1', 280],
    ['nf_resnet26', 89],
    ['nf_seresnet26', 121],
    ['nf_ecaresnet26', 97],
    ['eca_nfnet_l0', 185],
    ['test_nfnet', 93],
  ])('has a state dict of timm’s length for %s: %d', (name, entries) => {
    expect(nn.utils.skipInit(() => createModel(name)).stateDict().size).toBe(entries)
  })

  it('names the entries of a block as timm does, in timm’s order', () => {
    const model = nn.utils.skipInit(() => createModel('dm_nfnet_f0'))
    const ofBlock = (block: string) =>
      [...model.stateDict().keys()]
        .filter(name => name.startsWith(`${block}.`))
        .map(name => name.slice(block.length + 1))
    const conv = (name: string) => ['weight', 'bias', 'gain'].map(leaf => `${name}.${leaf}`)
    const rest = [
      ...['conv1', 'conv2', 'conv2b', 'conv3'].flatMap(conv),
      ...['fc1', 'fc2'].flatMap(fc => [`attn_last.${fc}.weight`, `attn_last.${fc}.bias`]),
    ]
    expect(ofBlock('stages.1.0')).toEqual(['skipinit_gain', ...conv('downsample.conv'), ...rest])
    expect(ofBlock('stages.1.1')).toEqual(['skipinit_gain', ...rest])
  })

  it('has 80 rows, of three families', () => {
    const entries = normFreeEntries()
    expect(entries).toHaveLength(80)
    expect([...new Set(entries.map(({ family }) => family))]).toEqual([
      'nf-resnet',
      'nf-regnet',
      'nfnet',
    ])
  })
})
