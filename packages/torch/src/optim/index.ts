// torch.optim: optimizers, averages of weights, and learning-rate schedules.
export { Adam, type AdamOptions, AdamW } from './adam.ts'
export {
  ExponentialMovingAverage,
  type ExponentialMovingAverageOptions,
  type ExponentialMovingAverageStateDict,
} from './ema.ts'
export { LAMB, type LAMBGroupOptions, type LAMBOptions } from './lamb.ts'
export { Lookahead, type LookaheadOptions, type LookaheadStateDict } from './lookahead.ts'
export type { Betas } from './moments.ts'
export { NAdamW, type NAdamWOptions } from './nadamw.ts'
export {
  type FullGroup,
  Optimizer,
  type OptimizerOptions,
  type ParamGroup,
} from './optimizer.ts'
export {
  ReduceLROnPlateau,
  type ReduceLROnPlateauOptions,
  type ReduceLROnPlateauState,
} from './plateau.ts'
export { RMSprop, type RMSpropOptions } from './rmsprop.ts'
export { SAM, type SAMOptions } from './sam.ts'
export {
  constant,
  cosine,
  type DecayOptions,
  linear,
  multiStep,
  type PolynomialOptions,
  perEpoch,
  polynomial,
  type ScaleLrOptions,
  type Schedule,
  scaleLr,
  stepDecay,
  type TanhOptions,
  tanhDecay,
  type WarmupCosineOptions,
  type WarmupOptions,
  warmupCosine,
  withWarmup,
} from './schedule.ts'
export { SGD, type SGDOptions } from './sgd.ts'
export type { OptimizerStateDict, ParamState, SavedGroup } from './state-dict.ts'
