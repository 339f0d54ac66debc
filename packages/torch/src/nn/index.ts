// torch.nn: modules, initialisers (`init`) and functions (`functional`).

export {
  CELU,
  ELU,
  GELU,
  GLU,
  Hardswish,
  LeakyReLU,
  LogSigmoid,
  LogSoftmax,
  Mish,
  ReLU,
  ReLU6,
  SELU,
  Sigmoid,
  SiLU,
  Softplus,
  Softsign,
  Tanh,
} from './activation.ts'
export { BatchNorm2d, type BatchNormOptions } from './batch-norm.ts'
export { Flatten, Identity, Sequential } from './container.ts'
export { Conv2d, type Conv2dOptions, type Size2d } from './conv.ts'
export { Dropout } from './dropout.ts'
export * as functional from './functional.ts'
export * as init from './init.ts'
export { Linear, type LinearOptions } from './linear.ts'
export {
  type AnyModule,
  type ForwardHook,
  type ForwardPreHook,
  Module,
  type RemovableHandle,
} from './module.ts'
export { Buffer, Parameter } from './parameter.ts'
export {
  AdaptiveAvgPool2d,
  AvgPool2d,
  type AvgPoolOptions,
  MaxPool2d,
  type PoolOptions,
} from './pooling.ts'
