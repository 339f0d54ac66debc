// What the clipping of NFNets thinks in: the norm of each unit's gradient over the norm of its weights.
import { noGrad, tidy } from '@normfree/torch'
import { type NamedParameters, unitwiseNorm } from '../clip.ts'

/** Quantiles of ||G_i|| / max(||W_i||, eps) over the units of one parameter. */
export interface UnitRatios {
  /** Dotted name of the parameter. */
  name: string
  units: number
  least: number
  lowerQuartile: number
  median: number
  upperQuartile: number
  largest: number
}

/**
 * The ratios that adaptive clipping compares with its factor, of every parameter that has a gradient
 * (NFNets, equation 3; see adaptiveClipGrad_ for what a unit is).
 *
 * @param eps weight norms below this count as this, default 1e-3
 */
export function unitRatios(parameters: NamedParameters, eps = 1e-3): UnitRatios[] {
  return Array.from(parameters).flatMap(([name, parameter]) => {
    const { grad } = parameter
    if (!grad) return []
    const ratios = noGrad(() =>
      tidy(() => {
        const ratio = unitwiseNorm(grad).div(unitwiseNorm(parameter).clampMin(eps))
        return Array.from(ratio.flatten().to('float64').data() as Float64Array)
      }),
    ).sort((a, b) => a - b)
    const at = (share: number) => ratios[Math.floor(share * (ratios.length - 1))]
    return [
      {
        ...{ name, units: ratios.length, least: at(0), lowerQuartile: at(0.25) },
        ...{ median: at(0.5), upperQuartile: at(0.75), largest: at(1) },
      },
    ]
  })
}
