import { nn } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { modelCost } from '../inspect.ts'
import { createModel, listModels } from '../registry.ts'

/** Parameters, and billions of MACs at the registry's resolution. */
function sizeOf(name: string): [parameters: number, gigaMacs: string] {
  const { parameters, macs } = modelCost(name)
  return [parameters, (macs / 1e9).toFixed(3)]
}

// Counts of the reference implementations: hongyi-zhang/Fixup, hukkai/rescaling, deepmind-research
// nfnets, and timm; those of nets that no reference builds follow from their shapes.
describe('the parameters and MACs of', () => {
  const G224 = { 18: '1.814', 34: '3.664', 26: '2.342', 50: '4.089', 101: '7.801' } as const
  const DEEP = { 152: '11.514', 200: '15.007', 288: '21.558', 600: '44.269' } as const
  const MACS: Readonly<Record<number, string>> = { ...G224, ...DEEP }

  const IMAGENET: [prefix: string, Record<number, number>][] = [
    [
      'resnet',
      {
        ...{ 18: 11_689_512, 26: 15_995_176, 34: 21_797_672, 50: 25_557_032, 101: 44_549_160 },
        ...{ 152: 60_192_808, 200: 64_673_832, 288: 146_460_456, 600: 300_646_696 },
      },
    ],
    [
      'resnetv2_',
      {
        ...{ 18: 11_687_720, 26: 15_987_496, 34: 21_795_880, 50: 25_549_352, 101: 44_541_480 },
        ...{ 152: 60_185_128, 200: 64_666_152, 288: 146_452_776, 600: 300_639_016 },
      },
    ],
    [
      'fixup',
      {
        ...{ 18: 11_679_954, 34: 21_780_730, 50: 25_504_026, 101: 44_444_049, 152: 60_041_736 },
        ...{ 200: 64_498_296, 288: 146_176_842, 600: 300_064_290 },
      },
    ],
    [
      'skipinit_resnet',
      {
        ...{ 50: 25_530_424, 101: 44_496_457, 152: 60_117_082, 200: 64_585_834 },
        ...{ 288: 146_318_344, 600: 300_354_928 },
      },
    ],
    ['rescale', { 50: 25_528_568, 101: 44_494_601, 200: 64_583_978 }],
  ]
  const rows = IMAGENET.flatMap(([prefix, counts]) =>
    Object.entries(counts).map(([depth, count]): [string, number, string] => [
      `${prefix}${depth}`,
      count,
      MACS[Number(depth)],
    ]),
  )
  const others: [string, number, string][] = [
    ['resnext50_32x4d', 25_028_904, '4.230'],
    ['resnext101_32x4d', 44_177_704, '7.970'],
    ['resnext101_32x8d', 88_791_336, '16.414'],
    ['resnext101_64x4d', 83_455_272, '15.460'],
    ['rescaleX50_32x4d', 24_992_888, '4.230'],
    ['rescaleX101_32x8d', 88_688_009, '16.414'],
    ['vgg11', 132_863_336, '7.609'],
    ['vgg11_bn', 132_868_840, '7.609'],
    ['vgg13', 133_047_848, '11.308'],
    ['vgg13_bn', 133_053_736, '11.308'],
    ['vgg16', 138_357_544, '15.470'],
    ['vgg16_bn', 138_365_992, '15.470'],
    ['vgg19', 143_667_240, '19.632'],
    ['vgg19_bn', 143_678_248, '19.632'],
    ['rescale_vgg16', 138_357_544, '15.470'],
    ['rescale_vgg19', 143_667_240, '19.632'],
    ['regnety_002', 3_162_996, '0.200'],
    ['regnety_004', 4_344_144, '0.402'],
    ['regnety_006', 6_055_160, '0.601'],
    ['regnety_008', 6_263_168, '0.797'],
    ['regnety_016', 11_202_430, '1.612'],
    ['regnety_032', 19_436_338, '3.176'],
    ['regnety_040', 20_646_656, '3.973'],
    ['regnety_064', 30_583_252, '6.355'],
    ['regnety_080', 39_180_068, '7.963'],
    ['regnety_120', 51_822_544, '12.092'],
    ['regnety_160', 83_590_140, '15.912'],
    ['regnety_320', 145_046_770, '32.280'],
    ['efficientnet_b0', 5_288_548, '0.386'],
    ['efficientnet_b1', 7_794_184, '0.687'],
    ['efficientnet_b2', 9_109_994, '0.994'],
    ['efficientnet_b3', 12_233_232, '1.827'],
    ['efficientnet_b4', 19_341_616, '4.394'],
    ['efficientnet_b5', 30_389_784, '10.266'],
  ]

  it.each([...rows, ...others])('%s are %d and %s billion', (name, count, macs) => {
    expect(sizeOf(name)).toEqual([count, macs])
  })

  it.each([
    ['resnet', [269_818, 464_250, 658_682, 853_114, 1_728_058, 19_421_370]],
    ['fixup_resnet', [268_393, 461_959, 655_525, 849_091, 1_720_138, 19_334_644]],
  ])('%s20 to %s1202 are their authors’', (prefix, counts) => {
    const depths = [20, 32, 44, 56, 110, 1202]
    const sizes = depths.map(depth => modelCost(`${prefix}${depth}`))
    expect(sizes.map(({ parameters }) => parameters)).toEqual(counts)
    const millions = sizes.map(({ macs }) => (macs / 1e6).toFixed(2))
    expect(millions).toEqual(['40.55', '68.86', '97.17', '125.49', '252.89', '2829.24'])
  })
})

describe('the norms of a baseline', () => {
  it('are rows of their own at one depth, with as many parameters each', () => {
    const names = listModels('resnet50').map(({ name }) => name)
    const suffixes = ['', '_gn', '_gn_ws', '_ln', '_in', '_nonorm']
    expect(names).toEqual(expect.arrayContaining(suffixes.map(suffix => `resnet50${suffix}`)))
    const counts = suffixes.slice(0, 5).map(suffix => sizeOf(`resnet50${suffix}`)[0])
    expect(new Set(counts)).toEqual(new Set([25_557_032]))
  })

  it.each(['resnet26', 'resnetv2_26', 'resnet20', 'regnety_002', 'efficientnet_b0', 'vgg11'])(
    'are an option of %s, and no option of a net without',
    name => {
      const normsOf = (norm?: 'group' | 'none' | 'batch') =>
        nn.utils
          .skipInit(() => createModel(name, { norm }))
          .modules()
          .filter(each => each instanceof nn.GroupNorm).length
      expect(normsOf('group')).toBeGreaterThan(7)
      expect([normsOf('none'), normsOf('batch'), normsOf()]).toEqual([0, 0, 0])
    },
  )

  it.each(['fixup50', 'rescale50', 'skipinit_resnet50', 'nf_resnet50', 'nf_resnet20'])(
    'are refused by %s',
    name => {
      expect(() => createModel(name, { norm: 'batch' })).toThrow(`no \`norm\` for ${name}`)
    },
  )
})
