// normfree: normalizer-free layers, models, clipping and signal diagnostics.
export { ACTIVATIONS, type ActivationName, isActivationName } from './activations.ts'
export {
  type AdaptiveClipOptions,
  adaptiveClipGrad_,
  type ClipReport,
  clipGradNorm_,
  clipGradValue_,
  gradientNorm,
  type NamedParameters,
  unitwiseNorm,
} from './clip.ts'
export { UnknownModelError, WeightsError } from './errors.ts'
export { fuse } from './fuse/fuse.ts'
export { type ActivationMoments, activationMoments, GAMMA, momentsOf } from './gain.ts'
export { type InitialSignalOptions, initialSignal, type Signal } from './initial-signal.ts'
export { countMacs, countParameters } from './inspect.ts'
export {
  EfficientChannelAttention,
  type EfficientChannelAttentionOptions,
} from './layers/efficient-channel-attention.ts'
export { ScaledActivation, type ScaledActivationOptions } from './layers/scaled-activation.ts'
export {
  ScaledStdConv2d,
  type ScaledStdConv2dOptions,
  type StandardizationConvention,
} from './layers/scaled-std-conv.ts'
export { SqueezeExcite, type SqueezeExciteOptions } from './layers/squeeze-excite.ts'
export { StochasticDepth, type StochasticDepthOptions } from './layers/stochastic-depth.ts'
export {
  CifarResNet,
  type CifarResNetForm,
  type CifarResNetOptions,
} from './models/cifar-resnet.ts'
export type { ModelEntry, ModelOptions } from './models/entry.ts'
export { type BlockPosition, ResidualBlock } from './models/residual-block.ts'
export { allFinite, findNonFinite, type NonFinite } from './non-finite.ts'
export type { HubOptions } from './pretrained/hub.ts'
export {
  createPretrained,
  type LoadedWeights,
  loadPretrained,
  type Pretrained,
} from './pretrained/load.ts'
export { preprocess } from './pretrained/preprocess.ts'
export { type Preprocessing, preprocessingOf } from './pretrained/preprocessing.ts'
export { createModel, listModels, modelEntry } from './registry.ts'
export {
  type ChannelStatistics,
  channelStatistics,
  meanSignal,
  measureSignal,
  openBranches,
  residualBlocks,
  type SignalTap,
} from './signal.ts'
export { type BlockPlan, planBlocks } from './variance.ts'
