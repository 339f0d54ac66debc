// One fault in one net: planted, looked for, mended. For the tests and for scripts/planted-faults.mjs.
import { manualSeed } from '@normfree/torch'
import { releaseModel } from '../signal/initial.ts'
import { checkModel } from './check-model.ts'
import { applyFixes } from './fixes.ts'
import { type Fault, type Healthy, optionsOf } from './planted.test.util.ts'

/** What the check said of a net with a fault. */
export interface Verdict {
  /** The rules of all findings, each once. */
  rules: string[]
  /** The block that each finding names first. */
  blocks: string[]
  /** Rules of what is found with the fixes applied; null where there are none to apply. */
  afterFix: string[] | null
}

const rulesOf = (findings: readonly { rule: string }[]): string[] => [
  ...new Set(findings.map(({ rule }) => rule)),
]

/** Null where the net cannot have the fault. */
export function tryOut(net: Healthy, fault: Fault, seed = 0): Verdict | null {
  manualSeed(seed)
  const planted = fault.plant(net)
  if (!planted) return null
  const { model, options } = planted
  const found = checkModel(model, options)
  const fixes = found.flatMap(finding => finding.fixes)
  const afterFix =
    fixes.length === 0 ? null : rulesOf(checkModel(model, applyFixes(model, fixes, options)))
  releaseModel(model)
  return { rules: rulesOf(found), blocks: found.map(({ block }) => block), afterFix }
}

/** What is found in a net as it is: should be nothing. */
export function falseAlarms(net: Healthy, seed = 0): string[] {
  manualSeed(seed)
  const model = net.create()
  const found = checkModel(model, optionsOf(net))
  releaseModel(model)
  return found.map(({ rule, block, evidence }) => `${rule} in ${block}: ${evidence}`)
}
