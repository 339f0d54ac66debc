// The claims of the documents by id, and running one of them.
import { manualSeed } from '@normfree/torch'
import { nearestNames } from 'normfree/nearest'
import type { Bench } from './bench.ts'
import { blockFigures } from './blocks.ts'
import { type Claim, type ClaimResult, verdictOf } from './claim.ts'
import { collapses } from './collapse.ts'
import { ELSEWHERE } from './elsewhere.ts'
import { ReproduceError } from './errors.ts'
import { figure10 } from './figure-fixup.ts'
import { normalizedFigures } from './figures-normalized.ts'
import { normFreeFigures } from './figures-normfree.ts'
import { gains } from './gains.ts'
import { layers } from './layers.ts'
import { optimisation } from './optimisation.ts'
import { images } from './real-images.ts'
import { rejectedStatistics } from './rejected.ts'
import { rescale } from './rescale.ts'
import { sizes } from './sizes.ts'
import { theory } from './theory.ts'

/** Figures first, then by document. */
export const CLAIMS: readonly Claim[] = [
  ...[...normalizedFigures, ...normFreeFigures, ...blockFigures, figure10].sort(byNumber),
  ...theory,
  ...gains,
  ...images,
  ...layers,
  ...collapses,
  ...rejectedStatistics,
  ...sizes,
  ...optimisation,
  ...rescale,
]

function byNumber(a: Claim, b: Claim): number {
  return Number(a.id.split('-')[1]) - Number(b.id.split('-')[1])
}

/**
 * The claims of these ids, any case, in the order of the list.
 *
 * @throws ReproduceError for an id that is not there, with the nearest ones.
 */
export function findClaims(ids: readonly string[]): Claim[] {
  const wanted = new Set(ids.map(id => findClaim(id)))
  return CLAIMS.filter(claim => wanted.has(claim))
}

function findClaim(id: string): Claim {
  const isIt = (known: { id: string }) => known.id.toLowerCase() === id.toLowerCase()
  const claim = CLAIMS.find(isIt)
  if (claim) return claim
  const elsewhere = ELSEWHERE.find(isIt)
  if (elsewhere)
    throw new ReproduceError(
      `Expected the id of a claim that is run here but received "${elsewhere.id}", which needs ${elsewhere.needs}.`,
    )
  const near = nearestNames(
    id,
    CLAIMS.map(known => known.id),
  )
  const hint = near.length > 0 ? ` Did you mean ${near.join(', ')}?` : ''
  throw new ReproduceError(
    `Expected the id of a claim but received "${id}".${hint} \`normfree reproduce --list\` lists all.`,
  )
}

/** Runs one claim from the bench's seed. */
export async function runClaim(claim: Claim, bench: Bench): Promise<ClaimResult> {
  const { id, title, source, scale } = claim
  const start = performance.now()
  manualSeed(bench.seed)
  const outcome = await claim.run(bench)
  const seconds = (performance.now() - start) / 1000
  return { id, title, source, scale, verdict: verdictOf(outcome), ...outcome, seconds }
}
