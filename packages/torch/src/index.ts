// @normfree/torch: LibTorch in TypeScript. Names, argument order and defaults are PyTorch's, but for one:
// JavaScript has a single number type, so factories (arange and full too) default to float32.
export { autocast } from './amp/autocast.ts'
export * as amp from './amp/index.ts'
export { enableGrad, type GradOptions, grad, inferenceMode, noGrad } from './autograd.ts'
export { from, type NestedData, type TensorOptions, tensor } from './create.ts'
export type { TypedArray } from './dtype.ts'
export { engineInfo, getNumThreads, setNumThreads } from './engine.ts'
export {
  ArgumentError,
  DisposedError,
  EngineError,
  FileFormatError,
  OutOfMemoryError,
  SafetensorsError,
  ShapeError,
  TorchError,
} from './errors.ts'
export { type Append, replaceFile } from './files/byte-file.ts'
export { loadNpy, loadNpz, type SaveNpzOptions, saveNpy, saveNpz } from './files/npy.ts'
export { loadNumpyPickle } from './files/numpy-pickle.ts'
export { type LoadStateDictOptions, loadPth, type PthValue } from './files/pth.ts'
export {
  loadSafetensors,
  openSafetensors,
  readSafetensorsMetadata,
  type SafetensorsFile,
  type SafetensorsTensorInfo,
  saveSafetensors,
} from './files/safetensors.ts'
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
export { Generator, getRngState, manualSeed, setRngState } from './random.ts'
export { Tensor, type ToOptions } from './tensor.ts'
export type { Device, DType, Layout, MemoryFormat, Scalar } from './types.ts'
