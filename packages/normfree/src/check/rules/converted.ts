// Converted convolutions carry one number for all that stands in front of them, activation, gate and
// sum: it is judged against the expected signal, where other nets have gains and betas.
import type { nn } from '@normfree/torch'
import { expectedInputs } from '../../convert/scales.ts'
import { digits, type Fix, type Found, type Rule } from '../finding.ts'

/** Of the standard deviation; the weights of gates are drawn, and move it a little. */
const TOLERANCE = 0.1

/** A converted convolution whose units have one gain. */
export interface ConvertedUnit {
  /** Dotted name. */
  module: string
  gamma: number
  /** What gamma and gain make of the variance that is expected to come in. */
  variance: number
}

/**
 * The converted convolutions of `model`, as its parameters are now. Units that gains set apart read
 * what training made of them, and are left out.
 */
export function convertedUnits(model: nn.Module, inputShape: readonly number[]): ConvertedUnit[] {
  const names = new Map(
    [...model.namedModules()].map(([name, module]) => [module as unknown, name]),
  )
  return [...expectedInputs(model, inputShape)].flatMap(([conv, variance]) => {
    const { gamma } = conv
    const gain = conv.gain.narrow(0, 0, 1).item()
    const varied = gain === 0 || conv.gain.ne(gain).any().item()
    const module = names.get(conv) ?? ''
    return varied ? [] : [{ module, gamma, variance: (gamma * gain) ** 2 * variance }]
  })
}

const off = ({ variance }: ConvertedUnit): number => Math.abs(Math.log(variance)) / 2

export const convertedGain: Rule = {
  title: 'converted convolutions whose gamma does not fit what they read',
  source: 'NF-ResNets, sections 4.3 and 4.4',
  examine({ converted }) {
    const found = converted.filter(unit => off(unit) > Math.log(1 + TOLERANCE))
    if (found.length === 0) return []
    const worst = found.reduce((most, each) => (off(each) > off(most) ? each : most))
    const blocks = found.map(({ module }) => module)
    const fixes = found.map(
      ({ module, gamma, variance }): Fix => ({
        ...{ target: 'model', module, property: 'gamma' },
        value: Number((gamma / Math.sqrt(variance)).toPrecision(12)),
      }),
    )
    const finding: Found = {
      rule: 'wrong-gain',
      severity: 'fault',
      block: blocks[0],
      blocks,
      evidence: `${worst.module} multiplies what it reads by ${digits(worst.gamma)}: variance ${digits(worst.variance)} comes out, and 1 is expected`,
      cause: 'something in front of it is not as it was when the net was converted',
      change: `use a gamma of ${digits(worst.gamma / Math.sqrt(worst.variance))}, or convert anew`,
      fixes,
    }
    return [finding]
  },
}
