// `normfree gain`: the variance-preserving gain of activations.
import { ACTIVATIONS, GAMMA, isActivationName, momentsOf } from 'normfree'
import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import type { CommonFlags } from '../flags.ts'
import { table } from '../table.ts'

const numbers = ['exact gain', 'published', 'mean', 'variance']

export default async function gain(
  this: Context,
  flags: CommonFlags,
  ...activations: string[]
): Promise<void> {
  const gains = activations.map(describe)
  if (flags.json) this.printJson(gains)
  else {
    const rows = gains.map(row => [
      row.activation,
      ...[row.gain, row.published, row.mean, row.variance].map(value => value?.toFixed(10) ?? '-'),
      row.monotonic ? '' : 'not monotonic: may be less stable in deep nets',
    ])
    this.print(table(['activation', ...numbers, 'remark'], rows, numbers))
  }
}

/** The exact numbers are null where one output mixes several inputs, as in glu. */
function describe(activation: string) {
  if (!isActivationName(activation)) {
    throw new UsageError(
      `Expected the name of an activation but received ${JSON.stringify(activation)}. There are ${Object.keys(ACTIVATIONS).join(', ')}.`,
    )
  }
  const { gain = null, mean = null, variance = null } = momentsOf(activation) ?? {}
  const { monotonic } = ACTIVATIONS[activation]
  return { activation, gain, published: GAMMA[activation], mean, variance, monotonic }
}
