// Everything that one run trains with, built from its configuration alone.
import { amp, manualSeed, type nn, optim } from '@normfree/torch'
import { checkResolution, countParameters, DenseModel, type ModelOptions } from 'normfree'
import type { RunConfig } from '../config/schema.ts'
import { checkAugmentation } from '../data/dense/batch.ts'
import type { ImageData } from '../data/types.ts'
import { type Clipper, createClipper } from './clip.ts'
import { TrainError } from './errors.ts'
import { createOptimizer, type TrainOptimizer } from './optimizer.ts'
import { type Precision, requireSupported, resolvePrecision } from './precision.ts'
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
  /** Scales the loss under float16; null in the other precisions. */
  readonly scaler: amp.GradScaler | null
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
 * @throws TrainError when the training images do not fill one batch, and for settings that do not fit
 * the data, the model or the device; ArgumentError for images smaller than the model's strides, and for
 * `modelOptions` that the model does not have; DataError for augmentations that such images do not know.
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
  const precision = resolvePrecision(config.precision)
  requireSupported(precision)
  checkProgressive(config, data, task)
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
    precision,
    scaler: precision === 'float16' ? new amp.GradScaler() : null,
    stepsPerEpoch,
    totalSteps: config.epochs * stepsPerEpoch,
  }
}

/** Training resolutions lie between the model's strides and the size of the images. */
function checkProgressive({ model, progressive = [] }: RunConfig, data: ImageData, task: Task) {
  if (progressive.length > 0 && task.kind !== 'classification')
    throw new TrainError(
      `Expected no \`progressive\` for ${task.kind}, whose targets are as large as the images. Remove it.`,
    )
  const side = Math.min(data.height, data.width)
  for (const { resolution } of progressive) {
    checkResolution(model, resolution)
    if (resolution > side)
      throw new TrainError(
        `Expected resolutions of at most ${side} for \`progressive\`, the size of the images, but received ${resolution}. Load them larger (?size=).`,
      )
  }
}
