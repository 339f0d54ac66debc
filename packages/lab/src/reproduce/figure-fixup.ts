// Figure 10 of the NF-ResNets paper: Fixup, whose levels are of one draw each and tell little.
import { type SignalRecord, standardDeviation } from '@normfree/runs'
import { randn, tidy } from '@normfree/torch'
import { measureSignal, releaseModel } from 'normfree'
import type { Bench } from './bench.ts'
import type { Claim } from './claim.ts'
import { buildFigureNet } from './figure-nets.ts'
import { extremes, firsts, stageValues } from './levels.ts'
import { figureOf, reader } from './reading.ts'
import { atMost, digits, equals } from './rows.ts'

/** Levels of the four stages in one draw, PyTorch 1.13. */
const FIXUP_LEVELS = {
  channelVariance: [0.083, 0.036, 0.0164, 0.0076],
  channelSquaredMean: [0.547, 0.236, 0.117, 0.06],
} as const

/**
 * How far the levels of the stages are from the earlier draw's, in standard deviations of the
 * difference of two draws. The deviation is that of ten nets with one block a stage, which have the
 * levels of deep ones: branches are silent.
 */
function distances(bench: Bench, statistic: keyof typeof FIXUP_LEVELS, levels: number[]): number[] {
  const draws = Array.from({ length: 10 }, () =>
    firsts(stageValues(oneBlockFixup(bench), statistic)),
  )
  return levels.map((level, stage) => {
    const values = draws.map(draw => draw[stage] as number)
    const expected = FIXUP_LEVELS[statistic][stage] as number
    return Math.abs(level - expected) / (Math.SQRT2 * (standardDeviation(values) as number))
  })
}

function oneBlockFixup({ batch, side }: Bench): SignalRecord {
  const model = buildFigureNet('fixup', [1, 1, 1, 1])
  const taps = tidy(() => measureSignal(model, randn([batch, 3, side, side])))
  releaseModel(model)
  return { model: 'Fixup', input: '', taps }
}

/** Figure 10. */
export const figure10: Claim = {
  id: 'fig-10',
  title: 'Fixup starts with silent branches: constant within a stage, reset between stages',
  source: 'Brock et al., 2021 (arXiv:2101.08692), appendix F, figure 10',
  scale: 'minutes',
  run(bench) {
    const net = reader(bench, 'fixup')
    const variance = net.values('channelVariance')
    const squaredMean = net.values('channelSquaredMean')
    const spread = (stages: typeof variance) =>
      Math.max(...stages.map(stage => Math.max(...stage) / Math.min(...stage) - 1))
    const far = 'of each stage: distance from an earlier draw, in deviations of such a difference'
    const listed = (levels: number[]) => levels.map(digits).join(', ')
    return {
      rows: [
        equals(
          'residual variance: smallest and largest',
          'paper',
          extremes(net.values('residualVariance')),
          [0, 0],
        ),
        atMost('variance: largest change within a stage', 'paper', spread(variance), 1e-6),
        atMost('squared mean: largest change within a stage', 'paper', spread(squaredMean), 1e-6),
        atMost(`variance ${far}`, 'run', distances(bench, 'channelVariance', firsts(variance)), 3),
        atMost(
          `squared mean ${far}`,
          'run',
          distances(bench, 'channelSquaredMean', firsts(squaredMean)),
          3,
        ),
      ],
      figure: figureOf('value', net),
      remarks: [
        `Variances ${listed(firsts(variance))}, where the earlier draw had ${listed([...FIXUP_LEVELS.channelVariance])}; squared means ${listed(firsts(squaredMean))}, where it had ${listed([...FIXUP_LEVELS.channelSquaredMean])}. Levels depend on the draw, for nothing but one projection a stage makes them.`,
        'They are proportional to the stem’s variance too; it is drawn from N(0, 1 / fan-in) here, while the authors of Fixup leave their framework’s default.',
      ],
    }
  },
}
