// `normfree gain`: the variance-preserving gain of activations: named, written or in a file.
import { loadModuleFile } from '@normfree/lab'
import {
  ACTIVATIONS,
  type ActivationGain,
  activationGain,
  isActivationName,
  MONTE_CARLO_BIAS,
  moduleGain,
} from 'normfree'
import { nearestNames } from 'normfree/nearest'
import type { GainFlags } from '../commands/gain.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import { table } from '../table.ts'
import { configureEngine } from './engine.ts'

const numbers = ['exact gain', 'published', 'Monte Carlo', 'mean', 'variance']

export default async function gain(
  this: Context,
  flags: GainFlags,
  ...activations: string[]
): Promise<void> {
  const { json, module: files = [] } = flags
  if (activations.length + files.length === 0)
    throw new UsageError('Expected ACTIVATION but received none. See `--help`.')
  configureEngine({ ...flags, seed: flags.seed ?? 0 })
  const gains = activations.map(named)
  for (const file of files) {
    const { name, create } = await loadModuleFile(file)
    gains.push(moduleGain(name, create()))
  }
  if (json) return this.printJson(gains)
  this.print(table(['activation', ...numbers, 'remark'], gains.map(row), numbers))
  this.print(
    `Monte Carlo: 1024 vectors of 256, mean of their biased variances, to the power -1/2: ${MONTE_CARLO_BIAS.toFixed(5)} = sqrt(256/255) times too large on average.`,
  )
}

/** A bare word is a name, misspelt or not; anything else is an expression. */
function named(activation: string): ActivationGain {
  const isWord = /^[A-Za-z_]\w*$/.test(activation) && activation !== 'x'
  if (!isWord || isActivationName(activation)) return activationGain(activation)
  const known = Object.keys(ACTIVATIONS)
  const near = nearestNames(activation, known)
  throw new UsageError(
    `Expected the name of an activation, or an expression in x, but received ${JSON.stringify(activation)}. ${near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `There are ${known.join(', ')}.`}`,
  )
}

function row(of: ActivationGain): string[] {
  const { gain, standardError } = of.monteCarlo
  const exact = (value: number | null) => value?.toFixed(10).replace(/^-(0\.0*)$/, '$1') ?? '-'
  return [
    of.activation,
    exact(of.gain),
    exact(of.published),
    `${gain.toFixed(5)} ± ${standardError.toFixed(5)}`,
    exact(of.mean),
    exact(of.variance),
    remarkOn(of),
  ]
}

function remarkOn({ gain, turnsAt }: ActivationGain): string {
  if (gain === null) return 'an output mixes inputs: only estimated'
  if (turnsAt === null) return ''
  return `turns near x = ${turnsAt.toFixed(2)}: not monotonic, may be less stable in deep nets`
}
