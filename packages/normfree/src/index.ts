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
export { UnknownModelError } from './errors.ts'
export { type ActivationMoments, activationMoments, GAMMA, momentsOf } from './gain.ts'
export { type InitialSignalOptions, initialSignal, type Signal } from './initial-signal.ts'
export { countMacs, countParameters, type ModelCost, modelCost } from './inspect.ts'
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
export type { Attention, BlockStyle } from './models/normfree-block.ts'
export type { ConventionName } from './models/normfree-conventions.ts'
export { NormFreeNet, type NormFreeNetConfig } from './models/normfree-net.ts'
export type { Stem, StemKind } from './models/normfree-stem.ts'
export { type BlockPosition, ResidualBlock } from './models/residual-block.ts'
export { moduleTree, type TreeNode } from './module-tree.ts'
export { allFinite, findNonFinite, type NonFinite } from './non-finite.ts'
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
