// Everything that one run trains with, built from its configuration alone.
import { manualSeed, type nn, optim } from '@normfree/torch'
import {
  checkResolution,
  countParameters,
  createModel,
  type ModelOptions,
  type NamedParameters,
} from 'normfree'
import type { RunConfig } from '../config/schema.ts'
import type { ImageData } from '../data/types.ts'
import { TrainError } from './errors.ts'
import { type Precision, resolvePrecision } from './precision.ts'

export interface Session {
  readonly config: RunConfig
  readonly data: ImageData
  readonly model: nn.Module
  readonly parameters: number
  readonly optimizer: optim.SGD
  readonly schedule: optim.Schedule
  readonly precision: Precision
  readonly stepsPerEpoch: number
  readonly totalSteps: number
}

/**
 * Seeds the default random stream, builds the model and what trains it. Layout is channels-last,
 * in which convolutions run fastest.
 *
 * @throws TrainError when the training images do not fill one batch; ArgumentError when they are
 * smaller than the model's strides, and for `modelOptions` that the model does not have.
 */
export function createSession(config: RunConfig, data: ImageData): Session {
  const stepsPerEpoch = Math.floor(data.train.length / config.batchSize)
  if (stepsPerEpoch === 0)
    throw new TrainError(
      `Expected a \`batchSize\` of at most ${data.train.length}, the number of training images, but received ${config.batchSize}.`,
    )
  checkResolution(config.model, Math.min(data.height, data.width))
  manualSeed(config.seed)
  const model = createModel(config.model, {
    ...(config.modelOptions as ModelOptions),
    numClasses: data.classes.length,
  })
  model.to({ memoryFormat: 'channels_last' })
  const totalSteps = config.epochs * stepsPerEpoch
  return {
    config,
    data,
    model,
    parameters: countParameters(model),
    optimizer: createOptimizer(model, config),
    schedule: createSchedule(config, stepsPerEpoch, totalSteps),
    precision: resolvePrecision(config.precision),
    stepsPerEpoch,
    totalSteps,
  }
}

function createOptimizer(model: nn.Module, { optimizer }: RunConfig): optim.SGD {
  const { decayed, free } = splitByDecay(model.namedParameters())
  return new optim.SGD([{ params: decayed }, { params: free, weightDecay: 0 }], optimizer)
}

/**
 * Kernels decay; gains, biases, norm weights and SkipInit scalars do not (deepmind-research nfnets:
 * nothing named gain, bias, scale or offset decays; neither does what RescaleNet's authors name
 * _bias and _scale, whatever its shape).
 */
export function splitByDecay(parameters: NamedParameters) {
  const decays = ([name, parameter]: readonly [string, { dim: number }]) =>
    parameter.dim > 1 && name.endsWith('weight')
  const all = [...parameters]
  return {
    decayed: all.filter(decays).map(([, parameter]) => parameter),
    free: all.filter(entry => !decays(entry)).map(([, parameter]) => parameter),
  }
}

function createSchedule(
  { optimizer, schedule, epochs }: RunConfig,
  stepsPerEpoch: number,
  totalSteps: number,
): optim.Schedule {
  if (schedule.warmupEpochs >= epochs)
    throw new TrainError(
      `Expected \`schedule.warmupEpochs\` below \`epochs\` (${epochs}) but received ${schedule.warmupEpochs}. Shorten the warm-up or train for longer.`,
    )
  const warmupSteps = schedule.warmupEpochs * stepsPerEpoch
  return optim.warmupCosine({
    lr: optimizer.lr,
    totalSteps,
    warmupSteps,
    finalLr: schedule.finalLr,
  })
}
