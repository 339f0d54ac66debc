// `normfree gain`: the variance-preserving gain of activations.
import { gainOf } from 'normfree'
import type { Context } from '../context.ts'
import type { CommonFlags } from '../flags.ts'
import { table } from '../table.ts'

export default async function gain(
  this: Context,
  flags: CommonFlags,
  ...activations: string[]
): Promise<void> {
  const gains = activations.map(activation => ({ activation, gain: gainOf(activation) }))
  if (flags.json) this.printJson(gains)
  else {
    const rows = gains.map(row => [row.activation, row.gain.toFixed(10)])
    this.print(table(['activation', 'gain'], rows, ['gain']))
  }
}
