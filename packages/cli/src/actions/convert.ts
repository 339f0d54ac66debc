// `normfree convert`: what became of each layer, what stays, and what a check says of the result.
import { type ConvertReport, convert as convertNet } from '@normfree/lab'
import type { ConvertFlags } from '../commands/convert.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import { findingLines, refuseFaults } from '../findings.ts'
import { table } from '../table.ts'
import { configureEngine } from './engine.ts'

export default async function convert(
  this: Context,
  flags: ConvertFlags,
  model?: string,
): Promise<void> {
  const { module, weights, alpha, zeroInitLast, resolution, out } = flags
  if ((model === undefined) === (module === undefined))
    throw new UsageError(
      `Expected MODEL or \`--module FILE\` but received ${model ? 'both' : 'neither'}.`,
    )
  configureEngine({ ...flags, seed: flags.seed ?? 0 })
  const request = { model, module, weights, alpha, zeroInitLast, resolution, out }
  const report = await convertNet(request)
  if (flags.json) this.printJson(report)
  else for (const text of describe(report)) this.print(text)
  refuseFaults(report.model, report.findings)
}

function describe(report: ConvertReport): string[] {
  const { model, inputShape, alpha, layers, norms, gates, left, remarks, findings, files } = report
  const start = report.zeroInitLast ? 'start silent' : 'are open'
  const constants = ['gamma', 'scale']
  const rows = layers.map(({ name, gamma, scale, norm }) => [
    ...[name, gamma.toFixed(4), scale === 1 ? '' : scale.toFixed(4), norm ?? ''],
  ])
  return [
    `${model}, ${inputShape.join(' x ')}, alpha ${alpha}: ${layers.length} convolutions standardized, ${norms.length} batch norms taken out; branches ${start}`,
    table(['convolution', ...constants, 'norm'], rows, constants),
    ...gates.map(name => `${name}: gain 2`),
    ...left.map(
      ({ module, what, reason, remedy }) =>
        `left: ${what}${module && ` ${module}`}: ${reason}; ${remedy}`,
    ),
    ...remarks,
    ...files.map(file => `written: ${file}`),
    ...(findings.length === 0 ? ['checked: no fault found'] : findings.map(findingLines)),
  ]
}
