// Flags that several commands share, with their parsers. A parser throws what it expected; the
// message around it is made in errors.ts.

import type { MlflowTarget } from '@normfree/lab'
import type { FlagParametersForType } from '@stricli/core'
import type { ModelOptions } from 'normfree'
import type { Context } from './context.ts'
import { UsageError } from './errors.ts'

/** Flags of every command. */
export interface CommonFlags {
  readonly json: boolean
  readonly device: 'cpu'
  readonly threads?: number
  readonly seed?: number
  readonly verbose: boolean
}

/** Flags of the commands that train: one run or all of a plan. */
export interface TrainingFlags extends CommonFlags {
  readonly set?: readonly string[]
  readonly data?: string
  readonly epochs?: number
  readonly out?: string
  readonly mlflow?: string
  readonly experiment?: string
}

export const commonFlags: FlagParametersForType<CommonFlags, Context> = {
  json: {
    kind: 'boolean',
    brief: 'Write one JSON document to stdout and nothing else',
    withNegated: false,
    default: false,
  },
  device: { kind: 'enum', values: ['cpu'], brief: 'Where tensors live', default: 'cpu' },
  threads: {
    kind: 'parsed',
    parse: integerFrom(1),
    optional: true,
    brief: 'Threads of the engine [default = all cores]',
    placeholder: 'N',
  },
  seed: {
    kind: 'parsed',
    parse: integerFrom(0),
    optional: true,
    brief: 'Seed of everything random',
    placeholder: 'N',
  },
  verbose: {
    kind: 'boolean',
    brief: 'Show the stack of an error',
    withNegated: false,
    default: false,
  },
}

/** `--module`: a net of the user's own. */
export const moduleFlag = {
  kind: 'parsed',
  parse: String,
  optional: true,
  brief:
    'A JavaScript or TypeScript file that exports a module, or a function that makes one, as default',
  placeholder: 'FILE',
} as const

/** `--weights` of a model that has fresh ones otherwise. */
export const weightsFlag = {
  kind: 'parsed',
  parse: String,
  optional: true,
  brief: 'Weights: a file or a model on the hub [default = freshly initialised ones]',
  placeholder: 'SOURCE',
} as const

export const trainingFlags: FlagParametersForType<TrainingFlags, Context> = {
  ...commonFlags,
  set: {
    kind: 'parsed',
    parse: String,
    optional: true,
    variadic: true,
    brief: 'Override a setting, e.g. optimizer.lr=0.2; may be repeated',
    placeholder: 'key=value',
  },
  data: {
    kind: 'parsed',
    parse: String,
    optional: true,
    brief: 'Data: synthetic, cifar10, cifar100, mnist, cifar10:DIR, folder:PATH, shards:DIR',
    placeholder: 'URI',
  },
  epochs: {
    kind: 'parsed',
    parse: integerFrom(1),
    optional: true,
    brief: 'Passes over the training images',
    placeholder: 'N',
  },
  out: {
    kind: 'parsed',
    parse: String,
    optional: true,
    brief: 'Folder of the results [default = runs/NAME]',
    placeholder: 'DIR',
  },
  mlflow: {
    kind: 'parsed',
    parse: serverAddress,
    optional: true,
    brief: 'MLflow server that is told of the runs as well, e.g. http://localhost:5000',
    placeholder: 'URL',
  },
  experiment: {
    kind: 'parsed',
    parse: String,
    optional: true,
    brief: 'Experiment of the MLflow server [default = normfree]',
    placeholder: 'NAME',
  },
}

/**
 * `--mlflow` and `--experiment` as an option of training.
 *
 * @throws UsageError for an experiment without a server.
 */
export function mlflowOf({ mlflow, experiment }: TrainingFlags): { mlflow?: MlflowTarget } {
  if (mlflow !== undefined) return { mlflow: { url: mlflow, experiment: experiment || 'normfree' } }
  if (experiment === undefined) return {}
  throw new UsageError('Expected `--mlflow URL` beside `--experiment` but received none.')
}

/** Flags of the command that trains one run. */
export interface RunFlags extends TrainingFlags {
  /** The folder of a run; empty for that of the recipe. */
  readonly resume?: string
}

export const runFlags: FlagParametersForType<RunFlags, Context> = {
  ...trainingFlags,
  resume: {
    kind: 'parsed',
    parse: String,
    inferEmpty: true,
    optional: true,
    brief: 'Go on with the run in DIR; without DIR, with that of the recipe where there is one',
    placeholder: 'DIR',
  },
}

/** `--set`, `--data` and `--epochs` as the `key=value` arguments that they all stand for. */
export function overridesOf({ set, data, epochs }: TrainingFlags): string[] {
  return [
    ...(set ?? []),
    ...(data === undefined ? [] : [`data=${JSON.stringify(data)}`]),
    ...(epochs === undefined ? [] : [`epochs=${epochs}`]),
  ]
}

/** `--option key=value` arguments as options of createModel; numbers, true and false are read as such. */
export function modelOptionsOf(settings: readonly string[] = []): ModelOptions {
  const entries = settings.map(setting => {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(setting) ?? []
    if (key === undefined)
      throw new UsageError(
        `Expected key=value for \`--option\` but received ${JSON.stringify(setting)}.`,
      )
    return [key, optionValue(value!)]
  })
  return Object.fromEntries(entries)
}

function optionValue(text: string): boolean | number | string {
  if (text === 'true' || text === 'false') return text === 'true'
  const number = text.trim() === '' ? Number.NaN : Number(text)
  return Number.isFinite(number) ? number : text
}

/** A parser of integers from `minimum` up to 32 bits. */
export function integerFrom(minimum: number): (input: string) => number {
  return input => {
    const value = Number(input)
    if (/^\d+$/.test(input) && value >= minimum && value <= 0xffff_ffff) return value
    throw new RangeError(`an integer >= ${minimum}`)
  }
}

/** A parser of http(s) addresses; a password would be kept with every run's command. */
function serverAddress(input: string): string {
  const url = URL.canParse(input) ? new URL(input) : null
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password) return input
  throw new RangeError(
    'an http or https address (a user is named by MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD)',
  )
}

/** A parser of numbers above 0. */
export function positiveNumber(input: string): number {
  const value = Number(input)
  if (value > 0 && Number.isFinite(value)) return value
  throw new RangeError('a number > 0')
}

/** A parser of file names with the given ending; without a value it gives the empty string. */
export function fileEnding(...endings: string[]): (input: string) => string {
  return input => {
    if (input === '' || endings.some(ending => input.toLowerCase().endsWith(ending))) return input
    throw new RangeError(`a file name that ends in ${endings.join(' or ')}`)
  }
}
