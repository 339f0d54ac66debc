// `npm run goldens -- DIR [NAME...]`: holds the models to golden values of their reference
// implementations. Exits with 1 on a mismatch and with 2 on bad input.
import { setImmediate } from 'node:timers/promises'
import { ArgumentError } from '@normfree/torch'
import { type Comparison, compareGolden } from './compare.ts'
import { type NamedGolden, readGoldens } from './golden.ts'
import { goldenFaults, goldenHeading, goldenRow } from './report.ts'

const HELP = `Usage: npm run goldens -- DIR [NAME...]

Compares our models with the golden files (*.json) of DIR, or with those of the given names, and
prints the worst relative error of each aspect: "=" where names, shapes or counts agree, "-" where a
file says nothing, "~" as explained below the table. Exits with 1 on a mismatch.
packages/normfree/goldens/make.py makes such files.`

const MOVED = `~ Beyond the usual tolerance, and so held to rounding: images moved by a few units of it flip
  some of the net's ReLUs, which moves our own values as far (results/goldens.md: PyTorch's too).`

/** Prints a row for each golden; returns how many do not agree. */
async function compareAll(goldens: readonly NamedGolden[]): Promise<number> {
  const width = Math.max(...goldens.map(({ name }) => name.length), 'model'.length)
  console.log(goldenHeading(width))
  let [failed, moved] = [0, false]
  for (const { name, golden } of goldens) {
    let comparison: Comparison = {}
    let faults: string[]
    try {
      comparison = compareGolden(golden)
      faults = goldenFaults(comparison)
    } catch (error) {
      faults = [(error as Error).message]
    }
    console.log(goldenRow(name, width, comparison))
    for (const fault of faults) console.log(`  ${fault}`)
    moved ||= Object.values(comparison).some(({ movement }) => movement !== undefined)
    if (faults.length > 0) failed++
    // What JavaScript no longer holds is given back when the event loop turns.
    await setImmediate()
  }
  if (moved) console.log(MOVED)
  console.log(`${goldens.length - failed} passed, ${failed} failed`)
  return failed
}

function chosen(goldens: readonly NamedGolden[], names: readonly string[]): NamedGolden[] {
  if (names.length === 0) return [...goldens]
  return names.map(name => {
    const found = goldens.find(golden => golden.name === name)
    if (found) return found
    const known = goldens.map(golden => golden.name).join(', ')
    throw new ArgumentError(`Expected a golden file (${known}) but received "${name}".`)
  })
}

const [folder = '--help', ...names] = process.argv.slice(2)
try {
  if (folder === '--help') console.log(HELP)
  else process.exitCode = (await compareAll(chosen(readGoldens(folder), names))) > 0 ? 1 : 0
} catch (error) {
  if (!(error instanceof ArgumentError)) throw error
  console.error(error.message)
  process.exitCode = 2
}
