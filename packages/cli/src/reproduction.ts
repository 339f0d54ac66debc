// The outcome of claims, for the terminal and as Markdown. Pure functions.
import {
  type Basis,
  type ClaimResult,
  type Elsewhere,
  measuredText,
  type Verdict,
} from '@normfree/lab'
import { markdownRows } from '@normfree/plots'
import { duration } from './format.ts'
import { table } from './table.ts'

/** A result and where its figure was drawn, from the folder of the report. */
export type Reproduced = ClaimResult & { image: string | null }

const VERDICTS: Readonly<Record<Verdict, string>> = {
  reproduced: 'reproduced',
  slip: 'reproduced, and a slip named',
  failed: 'failed',
}

const BASES: Readonly<Record<Basis, string>> = {
  paper: 'the document',
  theory: 'theory',
  code: 'released code',
  run: 'an earlier run',
}

const HEAD = ['what', 'expected', 'by', 'measured', 'holds']

const cells = ({ rows }: ClaimResult): string[][] =>
  rows.map(({ what, expected, basis, measured, holds }) => [
    what,
    expected,
    BASES[basis],
    measuredText(measured),
    holds ? 'yes' : 'NO',
  ])

const remarksOf = ({ slip, remarks = [] }: ClaimResult): string[] => [
  ...(slip === undefined ? [] : [`Slip: ${slip}`]),
  ...remarks,
]

/** One claim for the terminal. */
export function resultText(result: ClaimResult): string {
  const { id, title, source, verdict, seconds } = result
  return [
    `${id}: ${VERDICTS[verdict]} (${duration(seconds)})`,
    `${title}. ${source}.`,
    table(HEAD, cells(result)),
    ...remarksOf(result),
  ].join('\n')
}

/** The whole report; `command` made it. */
export function reproductionMarkdown(
  command: string,
  results: readonly Reproduced[],
  elsewhere: readonly Elsewhere[],
): string {
  const count = (verdict: Verdict) => results.filter(each => each.verdict === verdict).length
  const summary = results.map(({ id, title, verdict }) => [id, title, VERDICTS[verdict]])
  return [
    `# The papers' figures and claims, run again: \`${command}\``,
    `${results.length} claims: ${count('reproduced')} reproduced, ${count('slip')} reproduced where the document has a slip that is named, ${count('failed')} failed. An expectation comes from the document itself, from theory (a closed form), from the authors' released code, or from an earlier run (levels of one draw, measured once with PyTorch 1.13 at the same size).`,
    markdownRows(['id', 'claim', 'verdict'], summary),
    ...results.map(section),
    '## Not run here',
    markdownRows(
      ['id', 'claim', 'needs'],
      elsewhere.map(({ id, title, needs }) => [id, title, needs]),
    ),
  ].join('\n\n')
}

function section(result: Reproduced): string {
  const { id, title, source, verdict, image } = result
  return [
    `## ${id}: ${VERDICTS[verdict]}`,
    `${title}. ${source}.`,
    markdownRows(HEAD, cells(result)).trimEnd(),
    ...remarksOf(result),
    ...(image === null ? [] : [`![${title}](${image})`]),
  ].join('\n\n')
}
