// normfree: normalizer-free layers, models, clipping and signal diagnostics.
export { ACTIVATIONS, type ActivationName, isActivationName } from './activations.ts'
export { checkModel } from './check/check-model.ts'
export type {
  CheckedTraining,
  CheckOptions,
  Finding,
  Fix,
  RuleId,
} from './check/finding.ts'
export { applyFixes, fixesYaml } from './check/fixes.ts'
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
export {
  type Conversion,
  type ConvertedLayer,
  type ConvertOptions,
  convert,
  convertedModel,
  type RemovedNorm,
} from './convert/convert.ts'
export { ConvertedConv2d } from './convert/converted-conv.ts'
export type { Left } from './convert/plan.ts'
export {
  createDepthModel,
  createSegmentationModel,
  DenseModel,
  type DenseOptions,
  type SegmentationOptions,
} from './dense/dense-model.ts'
export { FcnHead, type FcnHeadOptions } from './dense/fcn-head.ts'
export type { DenseForm } from './dense/layers.ts'
export {
  UpProjection,
  UpProjectionHead,
  type UpProjectionHeadOptions,
  type UpProjectionOptions,
  unpool,
} from './dense/up-projection.ts'
export { ExpressionError, UnknownModelError, WeightsError } from './errors.ts'
export { type Backbone, featureMap, features } from './features.ts'
export { fuse } from './fuse/fuse.ts'
export { type ActivationGain, activationGain, moduleGain } from './gain/activation-gain.ts'
export { parseExpression } from './gain/expression.ts'
export { MONTE_CARLO_BIAS, type MonteCarloGain, monteCarloGain } from './gain/monte-carlo.ts'
export type { Moments } from './gain/quadrature.ts'
export { type ActivationMoments, activationMoments, GAMMA, momentsOf } from './gain.ts'
export { countMacs, countParameters, type ModelCost, modelCost } from './inspect.ts'
export {
  type LossSurface,
  type LossSurfaceOptions,
  type LossSurfacePoint,
  lossSurface,
} from './landscape/loss-surface.ts'
export { AddBias, type AddBiasOptions } from './layers/add-bias.ts'
export {
  EfficientChannelAttention,
  type EfficientChannelAttentionOptions,
} from './layers/efficient-channel-attention.ts'
export { NORMS, type NormName } from './layers/norm.ts'
export { ScaledActivation, type ScaledActivationOptions } from './layers/scaled-activation.ts'
export {
  ScaledStdConv2d,
  type ScaledStdConv2dOptions,
  type StandardizationConvention,
  standardizeWeights_,
  type WeightStandardization,
} from './layers/scaled-std-conv.ts'
export { SqueezeExcite, type SqueezeExciteOptions } from './layers/squeeze-excite.ts'
export { StdConv2d, type StdConv2dOptions } from './layers/std-conv.ts'
export { StochasticDepth, type StochasticDepthOptions } from './layers/stochastic-depth.ts'
export {
  CifarResNet,
  type CifarResNetForm,
  type CifarResNetOptions,
} from './models/cifar-resnet.ts'
export { EfficientNet, type EfficientNetOptions } from './models/efficientnet.ts'
export type { ModelEntry, ModelOptions, RescaleVariation } from './models/entry.ts'
export { FixupResNet, type FixupResNetOptions } from './models/fixup.ts'
export {
  type BranchKind,
  CIFAR_DEPTHS,
  cifarDepth,
  type Depth,
  IMAGENET_DEPTHS,
  type KernelInit,
} from './models/layout.ts'
export type { Attention, BlockStyle } from './models/normfree-block.ts'
export type { ConventionName } from './models/normfree-conventions.ts'
export { NormFreeNet, type NormFreeNetConfig } from './models/normfree-net.ts'
export type { Stem, StemKind } from './models/normfree-stem.ts'
export { RegNet, type RegNetOptions } from './models/regnet.ts'
export {
  RescaleNet,
  type RescaleNetOptions,
  type RescaleWeights,
  rescaleWeights,
} from './models/rescale-net.ts'
export { RescaleVgg, type RescaleVggOptions } from './models/rescale-vgg.ts'
export {
  type BlockMultipliers,
  type BlockPosition,
  ResidualBlock,
} from './models/residual-block.ts'
export { ResNet, type ResNetOptions } from './models/resnet.ts'
export { ResNetV2, type ResNetV2Options, type ResNetV2Stem } from './models/resnetv2.ts'
export { VGG_DEPTHS, Vgg, type VggOptions } from './models/vgg.ts'
export { moduleTree, type TreeNode } from './module-tree.ts'
export { allFinite, findNonFinite, type NonFinite } from './non-finite.ts'
export {
  type PredictedTap,
  type PredictSignalOptions,
  predictSignal,
  type SignalPrediction,
} from './predict/predict-signal.ts'
export type { HubOptions } from './pretrained/hub.ts'
export {
  createPretrained,
  findPretrained,
  type LoadedWeights,
  loadPretrained,
  type Pretrained,
} from './pretrained/load.ts'
export { preprocess } from './pretrained/preprocess.ts'
export { type Preprocessing, preprocessingOf } from './pretrained/preprocessing.ts'
export { checkModelOptions, createModel, listModels, modelEntry } from './registry.ts'
export {
  type DeadUnits,
  type DeadUnitsByBatches,
  type DeadUnitsOptions,
  deadUnits,
  deadUnitsByBatches,
} from './rescale/dead-units.ts'
export {
  type LearnedMultiplier,
  type ResidualMultipliers,
  residualMultipliers,
} from './rescale/multipliers.ts'
export { checkResolution } from './resolution.ts'
export { type BlockContribution, blockContributions } from './signal/contributions.ts'
export { firstNonFinite, meanSignal } from './signal/draws.ts'
export { type UnitRatios, unitRatios } from './signal/gradient.ts'
export {
  type DrawOptions,
  drawSignal,
  type InitialSignalOptions,
  initialSignal,
  noiseInput,
  releaseModel,
  type Signal,
  type SignalSource,
} from './signal/initial.ts'
export {
  type MeasureOptions,
  measureSignal,
  openBranches,
  type SignalTap,
  type TapStatistic,
} from './signal/measure.ts'
export { OPTIONAL_STATISTICS, type OptionalStatistic } from './signal/probes.ts'
export {
  gaussianEffectiveRank,
  type KernelSpectrum,
  kernelSpectra,
  kernelSpectrum,
  spectralNorm,
} from './signal/spectrum.ts'
export { type ChannelStatistics, channelStatistics } from './signal/statistics.ts'
export {
  residualBlocks,
  type TapListener,
  type TapOptions,
  type TapPlace,
  type TapSum,
  withTaps,
} from './signal/taps.ts'
export { type BlockPlan, planBlocks } from './variance.ts'
