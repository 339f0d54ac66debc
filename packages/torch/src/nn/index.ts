// torch.nn: modules, initialisers (`init`), functions (`functional`) and `utils`.

export type { RemovableHandle } from '../callback.ts'
export {
  CELU,
  ELU,
  Hardtanh,
  type InplaceOptions,
  LeakyReLU,
  PReLU,
  ReLU,
  ReLU6,
  RReLU,
  SELU,
  Threshold,
} from './activation.ts'
export {
  GELU,
  GLU,
  Hardshrink,
  Hardsigmoid,
  Hardswish,
  LogSigmoid,
  LogSoftmax,
  Mish,
  Sigmoid,
  SiLU,
  Softmax,
  Softmax2d,
  Softmin,
  Softplus,
  Softshrink,
  Softsign,
  Tanh,
  Tanhshrink,
} from './activation-smooth.ts'
export {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveMaxPool1d,
  AdaptiveMaxPool2d,
  type AdaptiveMaxPoolOptions,
} from './adaptive-pooling.ts'
export {
  MultiheadAttention,
  type MultiheadAttentionCall,
  type MultiheadAttentionOptions,
} from './attention.ts'
export type { BackwardHook } from './backward-hook.ts'
export { BatchNorm1d, BatchNorm2d, type BatchNormOptions } from './batch-norm.ts'
export type { ForwardHook, ForwardPreHook } from './callable.ts'
export { ModuleDict, ModuleList, ParameterList, Sequential } from './container.ts'
export {
  Conv1d,
  type Conv1dOptions,
  Conv2d,
  type Conv2dOptions,
  type ConvOptions,
  type PaddingMode,
} from './conv.ts'
export {
  ConvTranspose1d,
  type ConvTranspose1dOptions,
  ConvTranspose2d,
  type ConvTranspose2dOptions,
  type ConvTransposeOptions,
} from './conv-transpose.ts'
export { AlphaDropout, Dropout, Dropout1d, Dropout2d, FeatureAlphaDropout } from './dropout.ts'
export { Embedding, type EmbeddingOptions } from './embedding.ts'
/** torch.nn.functional: layers, losses and activations as functions. */
export * as functional from './functional/index.ts'
/** torch.nn.init: initialisers, in place. */
export * as init from './init.ts'
export { InstanceNorm1d, InstanceNorm2d, type InstanceNormOptions } from './instance-norm.ts'
export { GroupNorm, type GroupNormOptions, LayerNorm, type LayerNormOptions } from './layer-norm.ts'
export { Linear, type LinearOptions } from './linear.ts'
export {
  BCELoss,
  BCEWithLogitsLoss,
  CrossEntropyLoss,
  HuberLoss,
  KLDivLoss,
  L1Loss,
  MSELoss,
  NLLLoss,
  ReverseHuberLoss,
  SmoothL1Loss,
} from './loss.ts'
export { type AnyModule, Module } from './module.ts'
export {
  CircularPad1d,
  CircularPad2d,
  ConstantPad1d,
  ConstantPad2d,
  type Padding1d,
  type Padding2d,
  ReflectionPad1d,
  ReflectionPad2d,
  ReplicationPad1d,
  ReplicationPad2d,
  ZeroPad1d,
  ZeroPad2d,
} from './padding.ts'
export { Buffer, type BufferOptions, Parameter } from './parameter.ts'
export {
  AvgPool1d,
  AvgPool2d,
  type AvgPool2dOptions,
  type AvgPoolOptions,
  LPPool1d,
  LPPool2d,
  MaxPool1d,
  MaxPool2d,
  type MaxPooled,
  type MaxPoolOptions,
  type PoolOptions,
} from './pooling.ts'
export { Flatten, Identity, Unflatten } from './reshape.ts'
export type { RunningNormOptions } from './running-norm.ts'
export type { Size1d, Size2d } from './sizes.ts'
export type { IncompatibleKeys, LoadStateDictOptions } from './state-dict.ts'
export { PixelShuffle, PixelUnshuffle, Upsample } from './upsample.ts'
/** torch.nn.utils: parametrizations. */
export * as utils from './utils.ts'
