// Which variants have a line and a colour in the charts: all of a comparison, seven of a sweep.
import type { RunRecord, VariantSummary } from '@normfree/runs'
import { SERIES_COLORS } from '../colors.ts'

/**
 * The names of the variants that are drawn, in the order of their colours: all where there are as many
 * colours; otherwise as many from the best to the worst, in even steps of rank. Variants of which no
 * run completed are the worst.
 */
export function chartedVariants(variants: readonly VariantSummary[]): string[] {
  if (variants.length <= SERIES_COLORS) return variants.map(({ name }) => name)
  const score = ({ testAccuracy }: VariantSummary) => testAccuracy?.mean ?? Number.NEGATIVE_INFINITY
  const ranked = variants.toSorted((a, b) => score(b) - score(a) || 0)
  const step = (ranked.length - 1) / (SERIES_COLORS - 1)
  return Array.from({ length: SERIES_COLORS }, (_, rank) => ranked[Math.round(rank * step)]!.name)
}

/** The runs of `names`, in their order. */
export function runsOf(names: readonly string[], runs: readonly RunRecord[]): RunRecord[] {
  return names.flatMap(name => runs.filter(run => run.header.name === name))
}
