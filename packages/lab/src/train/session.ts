// Everything that one run trains with, built from its configuration alone.
import { manualSeed, type nn, optim } from '@normfree/torch'
import { checkResolution, countParameters, DenseModel, type ModelOptions } from 'normfree'
import type { RunConfig } from '../config/schema.ts'
import { checkAugmentation } from '../data/dense/batch.ts'
import type { ImageData } from '../data/types.ts'
import { type Clipper, createClipper } from './clip.ts'
import { TrainError } from './errors.ts'
import { createOptimizer, type TrainOptimizer } from './optimizer.ts'
import { type Precision, resolvePrecision } from './precision.ts'
import { createSchedule, type LearningRate } from './schedule.ts'
import { type Task, taskOf } from './task.ts'

export interface Session {
  readonly config: RunConfig
  readonly data: ImageData
  readonly model: nn.Module
  readonly parameters: number
  readonly optimizer: TrainOptimizer
  readonly clip: Clipper
  readonly schedule: LearningRate
  /** Averaged weights, evaluated beside the model's own; null where none are kept. */
  readonly average: optim.ExponentialMovingAverage | null
  readonly task: Task
  readonly precision: Precision
  readonly stepsPerEpoch: number
  readonly totalSteps: number
}

/**
 * Seeds the default random stream, builds the model and what trains it. Layout is channels-last,
 * in which convolutions run fastest.
 *
 * @param loadWeights - puts the weights into the registry's model that training starts from. Default: it
 * starts from new ones.
 * @throws TrainError when the training images do not fill one batch; ArgumentError when they are
 * smaller than the model's strides, and for `modelOptions` that the model does not have; DataError for
 * augmentations that such images do not know.
 */
export function createSession(
  config: RunConfig,
  data: ImageData,
  loadWeights: (backbone: nn.Module) => void = () => {},
): Session {
  const stepsPerEpoch = Math.floor(data.train.length / config.batchSize)
  if (stepsPerEpoch === 0)
    throw new TrainError(
      `Expected a \`batchSize\` of at most ${data.train.length}, the number of training images, but received ${config.batchSize}.`,
    )
  checkResolution(config.model, Math.min(data.height, data.width))
  checkAugmentation(data, config.augment)
  const task = taskOf(data)
  manualSeed(config.seed)
  const model = task.createModel(config.model, {
    ...(config.modelOptions as ModelOptions),
    numClasses: task.outputs(data),
  })
  loadWeights(model instanceof DenseModel ? model.backbone : model)
  model.to({ memoryFormat: 'channels_last' })
  return {
    config,
    data,
    model,
    parameters: countParameters(model),
    optimizer: createOptimizer(model, config),
    clip: createClipper(model, config.clip),
    schedule: createSchedule(config, stepsPerEpoch),
    average: config.ema ? new optim.ExponentialMovingAverage(model, config.ema) : null,
    task,
    precision: resolvePrecision(config.precision),
    stepsPerEpoch,
    totalSteps: config.epochs * stepsPerEpoch,
  }
}
