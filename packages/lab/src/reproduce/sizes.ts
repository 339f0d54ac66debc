// Sizes: parameters and multiply-accumulates beside the NF-ResNets paper's table 3 and the released code.
import { modelCost, modelEntry } from 'normfree'
import type { Claim, ClaimRow } from './claim.ts'
import { equals, near } from './rows.ts'

const PAPER = 'Brock et al., 2021 (arXiv:2101.08692)'

/** Billions of multiply-accumulates, millions of parameters, and how many digits are printed. */
type Printed = readonly [name: string, macs: number, parameters: number]

const NF_REGNETS: readonly Printed[] = [
  ['dm_nf_regnet_b0', 0.44, 8.6],
  ['dm_nf_regnet_b1', 0.73, 10.0],
  ['dm_nf_regnet_b2', 1.1, 13.8],
  ['dm_nf_regnet_b3', 2.0, 18.1],
  ['dm_nf_regnet_b4', 4.47, 29.3],
  ['dm_nf_regnet_b5', 10.56, 48.7],
]

const BASELINES: readonly Printed[] = [
  ['efficientnet_b0', 0.39, 5.3],
  ['efficientnet_b1', 0.7, 7.8],
  ['efficientnet_b2', 1.0, 9.2],
  ['efficientnet_b3', 1.8, 12.0],
  ['efficientnet_b4', 4.2, 19.0],
  ['efficientnet_b5', 9.9, 30.0],
  ['regnety_004', 0.4, 4.3],
  ['regnety_006', 0.6, 6.1],
  ['regnety_008', 0.8, 6.3],
  ['regnety_040', 4.0, 20.6],
  ['regnety_120', 12.1, 51.8],
  ['resnet50', 4.1, 26.0],
  ['resnet152', 11.0, 60.0],
]

/** Sides that every stage divides without a remainder. */
const [WHOLE, TWICE] = [256, 512] as const

/** Multiply-accumulates if sides could be halved without rounding up, as the paper counts. */
function unroundedMacs(name: string): number {
  const [whole, twice] = [modelCost(name, WHOLE).macs, modelCost(name, TWICE).macs]
  // Convolutions grow with the area, squeeze-excite and the classifier do not.
  const perPixel = (twice - whole) / (TWICE ** 2 - WHOLE ** 2)
  return whole + perPixel * (modelEntry(name).resolution ** 2 - WHOLE ** 2)
}

const column = (printed: readonly Printed[], index: 1 | 2): number[] =>
  printed.map(row => row[index])

const table3: Claim = {
  id: 'table-3',
  title: 'Parameters and FLOPs of NF-RegNets and of the nets beside them (not their accuracy)',
  source: `${PAPER}, table 3`,
  scale: 'seconds',
  run() {
    const names = NF_REGNETS.map(([name]) => name)
    const millions = (printed: readonly Printed[]) =>
      printed.map(([name]) => modelCost(name).parameters / 1e6)
    const exact = names.map(name => (modelCost(name).macs / 1e9).toFixed(2))
    return {
      rows: [
        near(
          'NF-RegNet-B0 to B5: millions of parameters',
          'paper',
          millions(NF_REGNETS),
          column(NF_REGNETS, 2),
          { absolute: 0.05 },
        ),
        near(
          'NF-RegNet-B0 to B5: billions of FLOPs, sides halved without rounding',
          'paper',
          names.map(name => unroundedMacs(name) / 1e9),
          column(NF_REGNETS, 1),
          { absolute: 0.006 },
        ),
        near(
          'EfficientNet-B0 to B5, RegNetY, ResNet: millions of parameters',
          'paper',
          millions(BASELINES),
          column(BASELINES, 2),
          { relative: 0.02 },
        ),
        near(
          'the same: billions of FLOPs',
          'paper',
          BASELINES.map(([name]) => modelCost(name).macs / 1e9),
          column(BASELINES, 1),
          { relative: 0.05 },
        ),
      ],
      remarks: [
        'FLOPs are multiply-accumulates. The paper copies the baselines’ numbers from their papers, which round them coarsely and do not say how they count; results/models.md has every model.',
      ],
      slip: `The paper halves odd sides into fractions. With the sides that the nets really have, B0 to B5 take ${exact.join(', ')} G: B2 and B5 take more than printed.`,
    }
  },
}

/** Exact numbers of parameters, by the released code. */
const EXACT: readonly (readonly [
  family: string,
  source: string,
  Readonly<Record<string, number>>,
])[] = [
  [
    'NF-ResNet',
    'deepmind-research nfnets',
    {
      dm_nf_resnet50: 25_557_048,
      dm_nf_resnet101: 44_549_193,
      dm_nf_resnet152: 60_192_858,
      dm_nf_resnet200: 64_673_898,
      dm_nf_resnet288: 146_460_552,
      dm_nf_resnet600: 300_646_896,
    },
  ],
  [
    'NF-RegNet',
    'deepmind-research nfnets',
    {
      dm_nf_regnet_b0: 8_595_372,
      dm_nf_regnet_b1: 10_019_208,
      dm_nf_regnet_b2: 13_785_904,
      dm_nf_regnet_b3: 18_136_667,
      dm_nf_regnet_b4: 29_315_830,
      dm_nf_regnet_b5: 48_707_138,
    },
  ],
  [
    'NFNet',
    'deepmind-research nfnets',
    {
      dm_nfnet_f0: 71_489_284,
      dm_nfnet_f1: 132_634_256,
      dm_nfnet_f2: 193_779_228,
      dm_nfnet_f3: 254_924_200,
      dm_nfnet_f4: 316_069_172,
      dm_nfnet_f5: 377_214_144,
      dm_nfnet_f6: 438_359_116,
    },
  ],
  [
    'Fixup',
    'hongyi-zhang/Fixup',
    { fixup_resnet20: 268_393, fixup_resnet110: 1_720_138, fixup50: 25_504_026 },
  ],
  [
    'RescaleNet',
    'hukkai/rescaling',
    { rescale50: 25_528_568, rescale101: 44_494_601, rescaleX101_32x8d: 88_688_009 },
  ],
  [
    'batch norm',
    'He et al., 2015 and 2016',
    { resnet20: 269_818, resnet110: 1_728_058, resnet50: 25_557_032, resnetv2_50: 25_549_352 },
  ],
]

const exactSizes: Claim = {
  id: 'sizes',
  title: 'Models have the numbers of parameters that the released code builds',
  source: 'deepmind-research nfnets; hongyi-zhang/Fixup; hukkai/rescaling',
  scale: 'seconds',
  run: () => ({
    rows: EXACT.map(([family, source, sizes]): ClaimRow => {
      const names = Object.keys(sizes)
      const ours = names.map(name => modelCost(name, 64).parameters)
      return equals(
        `${family} (${source}): ${names.join(', ')}`,
        'code',
        ours,
        Object.values(sizes),
      )
    }),
  }),
}

/** Claims of this file. */
export const sizes: readonly Claim[] = [table3, exactSizes]
