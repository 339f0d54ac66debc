// `normfree reproduce`: claims of the papers, run and judged one after another.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  Bench,
  CLAIMS,
  type Claim,
  type ClaimResult,
  ELSEWHERE,
  findClaims,
  loadData,
  runClaim,
} from '@normfree/lab'
import { renderSvg, signalPlot, signalPlotSize } from '@normfree/plots'
import { writeFileAtomic } from '@normfree/runs'
import type { ReproduceFlags } from '../commands/reproduce.ts'
import type { Context } from '../context.ts'
import { FailedError, UsageError } from '../errors.ts'
import { loadingProgress } from '../progress.ts'
import { type Reproduced, reproductionMarkdown, resultText } from '../reproduction.ts'
import { table } from '../table.ts'
import { configureEngine } from './engine.ts'

export default async function reproduce(
  this: Context,
  flags: ReproduceFlags,
  ...ids: string[]
): Promise<void> {
  if (flags.list) {
    printList(this, flags)
    return
  }
  const claims = chosen(flags, ids)
  configureEngine(flags)
  const bench = new Bench({
    ...(flags.seed !== undefined && { seed: flags.seed }),
    loadData: () => loadData(flags.data, { onProgress: loadingProgress(this) }),
  })
  const results: Reproduced[] = []
  for (const [i, claim] of claims.entries()) {
    this.note(`[${i + 1}/${claims.length}] ${claim.id}: ${claim.title}`)
    const result = await runClaim(claim, bench)
    const image = flags.out === undefined ? null : drawFigure(result, flags.out)
    results.push({ ...result, image })
    if (!flags.json) this.print(`${resultText(result)}\n`)
    // After every claim, so that what was done is kept when the command is stopped.
    if (flags.out !== undefined) writeReport(flags.out, this.command, results)
  }
  conclude(this, flags, results)
}

/** Those that were named, and those that the flags stand for. */
function chosen({ all, minutes }: ReproduceFlags, ids: readonly string[]): Claim[] {
  const named = new Set(findClaims(ids))
  const claims = CLAIMS.filter(
    claim => named.has(claim) || minutes || (all && claim.scale === 'seconds'),
  )
  if (claims.length > 0) return claims
  throw new UsageError(
    'Expected ID..., `--all` or `--minutes` but received none. `normfree reproduce --list` lists the ids.',
  )
}

function printList(context: Context, { json }: ReproduceFlags): void {
  const claims = CLAIMS.map(({ id, title, source, scale }) => ({ id, title, source, scale }))
  if (json) {
    context.printJson({ claims, elsewhere: ELSEWHERE })
    return
  }
  const rows = claims.map(({ id, scale, title }) => [id, scale, title])
  context.print(table(['id', 'takes', 'claim'], rows))
  context.print('\nNot run here:')
  const others = ELSEWHERE.map(({ id, title, needs }) => [id, title, needs])
  context.print(table(['id', 'claim', 'needs'], others))
}

/** Draws the figure of a result into `out`; its path from there. */
function drawFigure({ id, figure }: ClaimResult, out: string): string | null {
  if (figure === undefined) return null
  const { signals, scale, palette } = figure
  const image = join('reproduction', `${id}.svg`)
  mkdirSync(join(out, 'reproduction'), { recursive: true })
  const option = signalPlot(signals, { scale, variants: palette })
  writeFileAtomic(join(out, image), renderSvg(option, signalPlotSize(signals)))
  return image
}

const reportIn = (out: string): string => join(out, 'reproduction.md')

function writeReport(out: string, command: string, results: readonly Reproduced[]): void {
  mkdirSync(out, { recursive: true })
  writeFileAtomic(reportIn(out), reproductionMarkdown(command, results, ELSEWHERE))
}

function conclude(
  context: Context,
  { out, json }: ReproduceFlags,
  results: readonly Reproduced[],
): void {
  const report = out === undefined ? null : reportIn(out)
  if (json) context.printJson({ claims: results, report })
  else if (report !== null) context.print(`report: ${report}`)
  const failed = results.filter(({ verdict }) => verdict === 'failed').map(({ id }) => id)
  if (failed.length > 0)
    throw new FailedError(
      `${failed.length} of ${results.length} claims failed: ${failed.join(', ')}`,
    )
}
