// What a comparison shows, in one sentence that claims no more than its runs support.
import { differenceOf, type Spread, type VariantSummary } from '@normfree/runs'
import { percentSpread, points } from '../numbers.ts'

/** The first words of a report. */
export interface Finding {
  /** One sentence. */
  headline: string
  /** What keeps it from being the whole truth. */
  caveats: string[]
}

type Ranked = VariantSummary & { testAccuracy: Spread }

/**
 * Ranks variants by mean final test accuracy.
 *
 * With several seeds the best variant leads only over those that the 95% interval of the difference
 * puts below it; with the others it is level. With one seed no spread is known, and it says so.
 */
export function findingOf(variants: readonly VariantSummary[]): Finding {
  const ranked = variants
    .filter((variant): variant is Ranked => variant.testAccuracy !== null)
    .sort((a, b) => b.testAccuracy.mean - a.testAccuracy.mean)
  return {
    headline: headlineOf(ranked, variants.length),
    caveats: [...seedCaveat(ranked), ...statusCaveats(variants)],
  }
}

function headlineOf(ranked: Ranked[], total: number): string {
  const [best, second] = ranked
  if (!best) return 'No run completed, so there is no accuracy to compare.'
  if (!second) {
    const alone = total > 1 ? ' and is the only variant that completed' : ''
    return `${capitalize(best.name)} reached ${percentSpread(best.testAccuracy)} test accuracy${alone}.`
  }
  const level = ranked.filter(variant => !leads(best, variant))
  return level.length > 1 ? levelHeadline(level, ranked) : leadHeadline(best, second)
}

function leadHeadline(best: Ranked, second: Ranked): string {
  const { estimate, interval, commonSeeds } = differenceOf(best.testAccuracy, second.testAccuracy)
  const over = commonSeeds > 1 ? ` over ${commonSeeds} common seeds` : ''
  const proof = interval
    ? `: 95% interval ${points(interval.low)} to ${points(interval.high)} points${over}`
    : ''
  return (
    `${capitalize(best.name)} reached the highest test accuracy, ${percentSpread(best.testAccuracy)}, ` +
    `${points(estimate)} points above ${second.name} (${percentSpread(second.testAccuracy)})${proof}.`
  )
}

/** A list of more names than this is no sentence. */
const MOST_NAMES = 4

function levelHeadline(level: Ranked[], ranked: Ranked[]): string {
  const [best] = level
  const why = knowsSpread(...level) ? ': the seeds do not tell them apart' : ''
  if (level.length > MOST_NAMES) {
    const [name, score] = [capitalize(best!.name), percentSpread(best!.testAccuracy)]
    return `${name} reached the highest test accuracy, ${score}, level with ${level.length - 1} other variants${why}.`
  }
  const names = level.map(variant => `${variant.name} (${percentSpread(variant.testAccuracy)})`)
  const next = ranked.find(variant => !level.includes(variant))
  const rest = next ? `; next is ${next.name} (${percentSpread(next.testAccuracy)})` : ''
  return `${capitalize(joinAnd(names))} are level in test accuracy${why}${rest}.`
}

/** Whether `best` is above `other` by the interval of their difference, where there is one. */
function leads(best: Ranked, other: Ranked): boolean {
  const { estimate, interval } = differenceOf(best.testAccuracy, other.testAccuracy)
  return (interval?.low ?? estimate) > 0
}

function knowsSpread(...variants: Ranked[]): boolean {
  return variants.every(variant => variant.testAccuracy.standardDeviation !== null)
}

function seedCaveat(ranked: Ranked[]): string[] {
  const single = ranked.filter(variant => !knowsSpread(variant))
  if (ranked.length < 2 || single.length === 0) return []
  const whose = single.length === ranked.length ? 'Every variant' : joinAnd(single.map(nameOf))
  return [
    `${capitalize(whose)} completed with one seed only: the spread is unknown, and a small gap may be chance.`,
  ]
}

function nameOf({ name }: VariantSummary): string {
  return name
}

function statusCaveats(variants: readonly VariantSummary[]): string[] {
  const caveats = variants.flatMap(statusCaveat)
  if (caveats.length <= MOST_NAMES) return caveats
  const runs = variants.reduce((sum, { seeds }) => sum + seeds.length, 0)
  const completed = variants.reduce((sum, { statuses }) => sum + statuses.completed, 0)
  return [
    `${runs - completed} of ${runs} runs, of ${caveats.length} variants, did not complete: the results say which.`,
  ]
}

function statusCaveat({ name, statuses, seeds, messages }: VariantSummary): string[] {
  const ends = Object.entries(statuses)
    .filter(([status, runs]) => status !== 'completed' && runs > 0)
    .map(([status, runs]) => `${runs} of ${seeds.length} ${status}`)
  if (ends.length === 0) return []
  const reasons = messages.length > 0 ? ` (${messages.join('; ')})` : ''
  return [`${capitalize(name)}: ${ends.join(', ')}${reasons}.`]
}

/** `a`, `a and b`, `a, b and c`. */
export function joinAnd(names: readonly string[]): string {
  if (names.length < 2) return names.join('')
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
