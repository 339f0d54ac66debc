// @normfree/torch: LibTorch in TypeScript. Names, argument order and defaults are PyTorch's, but for one:
// JavaScript has a single number type, so factories (arange and full too) default to float32.
export { autocast, enableGrad, type GradOptions, grad, noGrad } from './autograd.ts'
export { from, type NestedData, type TensorOptions, tensor } from './create.ts'
export type { TypedArray } from './dtype.ts'
export { engineInfo, getNumThreads, manualSeed, setNumThreads } from './engine.ts'
export {
  ArgumentError,
  DisposedError,
  EngineError,
  SafetensorsError,
  ShapeError,
  TorchError,
} from './errors.ts'
export { broadcastShapes, type UniqueOptions, unique } from './functions.ts'
export * as fft from './generated/fft.ts'
export * from './generated/functions.ts'
export * as linalg from './generated/linalg.ts'
export * as special from './generated/special.ts'
export { type Index, type Slice, slice } from './indexing.ts'
export { keep, liveTensors, tidy } from './memory.ts'
export type { NestedArray } from './nested.ts'
export * as nn from './nn/index.ts'
export * as ops from './ops.ts'
export * as optim from './optim/index.ts'
export { loadSafetensors, readSafetensorsMetadata, saveSafetensors } from './safetensors.ts'
export { Tensor, type ToOptions } from './tensor.ts'
export type { Device, DType, Generator, Layout, MemoryFormat, Scalar } from './types.ts'
