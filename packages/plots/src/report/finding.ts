// What a comparison shows, in one sentence that claims no more than its runs support.
import type { Spread, VariantSummary } from '@normfree/runs'
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
 * With several seeds the best variant leads only over those that it beats with every seed against
 * every seed; with the others it is level. With one seed no spread is known, and it says so.
 */
export function findingOf(variants: readonly VariantSummary[]): Finding {
  const ranked = variants
    .filter((variant): variant is Ranked => variant.testAccuracy !== null)
    .sort((a, b) => b.testAccuracy.mean - a.testAccuracy.mean)
  return {
    headline: headlineOf(ranked, variants.length),
    caveats: [...seedCaveat(ranked), ...variants.flatMap(statusCaveat)],
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
  const gap = points(best.testAccuracy.mean - second.testAccuracy.mean)
  const seeds = best.testAccuracy.values.length
  const proof = knowsSpread(best, second)
    ? `: each of its ${seeds} seeds is above every seed of ${second.name}`
    : ''
  return (
    `${capitalize(best.name)} reached the highest test accuracy, ${percentSpread(best.testAccuracy)}, ` +
    `${gap} points above ${second.name} (${percentSpread(second.testAccuracy)})${proof}.`
  )
}

function levelHeadline(level: Ranked[], ranked: Ranked[]): string {
  const names = level.map(variant => `${variant.name} (${percentSpread(variant.testAccuracy)})`)
  const why = knowsSpread(...level) ? ': their seeds overlap' : ''
  const next = ranked.find(variant => !level.includes(variant))
  const rest = next ? `; next is ${next.name} (${percentSpread(next.testAccuracy)})` : ''
  return `${capitalize(joinAnd(names))} are level in test accuracy${why}${rest}.`
}

/** Whether `best` is above `other` by its mean and, where spreads are known, with every seed. */
function leads(best: Ranked, other: Ranked): boolean {
  if (best.testAccuracy.mean <= other.testAccuracy.mean) return false
  if (!knowsSpread(best, other)) return true
  return Math.min(...best.testAccuracy.values) > Math.max(...other.testAccuracy.values)
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
