// What `npm run goldens` prints: a row a model, below it what does not agree. Pure text.
import { ASPECTS, type Aspect, type Comparison, type Deviation, passes } from './compare.ts'

const WIDTH = 10

/** The heading of the rows, for names of up to `width` letters. */
export const goldenHeading = (width: number): string =>
  ['model'.padEnd(width), ...ASPECTS.map(aspect => aspect.padStart(WIDTH))].join(' ')

/**
 * The worst relative error of each aspect in a row; `=` where names, shapes or counts agree, `-`
 * where the golden says nothing, `~` behind what was held to how far rounding moves it.
 */
export function goldenRow(name: string, width: number, comparison: Comparison): string {
  const cells = ASPECTS.map(aspect => cell(comparison[aspect]).padStart(WIDTH))
  return [name.padEnd(width), ...cells].join(' ')
}

function cell(deviation: Deviation | undefined): string {
  if (!deviation) return '-'
  if (deviation.tolerance > 0)
    return deviation.error.toExponential(1) + (deviation.movement === undefined ? '' : '~')
  return deviation.error === 0 ? '=' : 'differ'
}

/** One line for each aspect that is beyond its tolerance: which, and where. */
export function goldenFaults(comparison: Comparison): string[] {
  if (passes(comparison)) return []
  const faults = Object.entries(comparison) as [Aspect, Deviation][]
  return faults
    .filter(([, { error, tolerance }]) => !(error <= tolerance))
    .map(([aspect, { tolerance, where }]) =>
      tolerance > 0
        ? `${aspect}, more than ${Number(tolerance.toPrecision(2))} off: ${where}`
        : `${aspect}: ${where}`,
    )
}
