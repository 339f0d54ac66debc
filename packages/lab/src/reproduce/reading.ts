// Reading a figure's net: its signal, what theory expects of it, and the figure that it makes.
import type { Bench } from './bench.ts'
import type { ClaimFigure } from './claim.ts'
import { type FigureNetName, figureSignal, PALETTE } from './figure-nets.ts'
import { along, type Statistic, stageValues } from './levels.ts'

/** Variance of relu(z) over its second moment, z ~ N(0, 1): what a He-scaled layer makes of it. */
export const RELU_SHARE = 1 - 1 / Math.PI

/** Reads the statistics of a figure's net. */
export function reader(bench: Bench, name: FigureNetName) {
  const signal = figureSignal(bench, name)
  return { signal, values: (statistic: Statistic) => stageValues(signal, statistic) }
}

/** Variances 2, 3, ... n + 1 of n blocks that add 1 each, at the places of {@link along}. */
export const unitGrowth = (blocks: number): number[] =>
  along(Array.from({ length: blocks }, (_, block) => block + 2))

/** The figure of some nets, in the colours that they have in all figures. */
export const figureOf = (
  scale: ClaimFigure['scale'],
  ...nets: { signal: ClaimFigure['signals'][number] }[]
): ClaimFigure => {
  const signals = nets.map(({ signal }) => signal)
  return {
    signals,
    scale,
    palette: [...new Set([...PALETTE, ...signals.map(({ model }) => model)])],
  }
}
