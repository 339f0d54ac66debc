// What a check found, as text, and as an exit code.
import type { Finding } from 'normfree'
import { FailedError } from './errors.ts'

/** A finding in a few lines. */
export function findingLines({ severity, rule, block, blocks, ...finding }: Finding): string {
  const others = blocks.length - 1
  const more = others === 0 ? '' : ` and ${others} other${others > 1 ? 's' : ''}`
  return [
    `${severity}: ${rule} in ${block}${more}: ${finding.title}`,
    `  found   ${finding.evidence}`,
    `  cause   ${finding.cause}`,
    `  change  ${finding.change}`,
    ...(finding.source ? [`  source  ${finding.source}`] : []),
  ].join('\n')
}

/** @throws FailedError when there is a fault among the findings of `model`. */
export function refuseFaults(model: string, findings: readonly Finding[]): void {
  const faults = findings.filter(({ severity }) => severity === 'fault').length
  if (faults > 0) throw new FailedError(`${model} has ${faults} fault${faults > 1 ? 's' : ''}`)
}
