// `normfree check`: the findings, and the settings that mend them.
import { check as checkNet } from '@normfree/lab'
import { fixesYaml } from 'normfree'
import type { CheckFlags } from '../commands/check.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import { findingLines, refuseFaults } from '../findings.ts'
import { configureEngine } from './engine.ts'

export default async function check(
  this: Context,
  flags: CheckFlags,
  model?: string,
): Promise<void> {
  const { module, weights, recipe, steps, resolution, fix } = flags
  if ((model === undefined) === (module === undefined) && (model || recipe === undefined))
    throw new UsageError(
      `Expected MODEL, \`--module FILE\` or \`--recipe FILE\` to name one model but received ${model ? 'a model and a module' : 'none'}.`,
    )
  if (steps !== undefined && recipe === undefined)
    throw new UsageError('Expected `--recipe` with `--steps`: it says how each step is clipped.')
  configureEngine({ ...flags, seed: flags.seed ?? 0 })
  const report = await checkNet({ model, module, weights, recipe, steps, resolution, fix })
  const { findings, fixed } = report
  if (flags.json) this.printJson(report)
  else {
    this.print(`${report.model}, ${report.input}`)
    for (const finding of findings) this.print(findingLines(finding))
    if (findings.length === 0) this.print('no fault found')
    if (fixed && fixed.fixes.length > 0) {
      this.print(`\n${fixesYaml(fixed.fixes)}\n`)
      this.print(
        fixed.findings.length === 0
          ? 'With these settings: no fault found.'
          : 'With these settings there remains:',
      )
      for (const finding of fixed.findings) this.print(findingLines(finding))
    }
  }
  refuseFaults(report.model, findings)
}
