// @normfree/torch: LibTorch in TypeScript. Names, argument order and defaults are PyTorch's, but for one:
// JavaScript has a single number type, so factories (arange and full too) default to float32.
export { autocast } from './amp/autocast.ts'
/** torch.amp: autocast and the GradScaler. */
export * as amp from './amp/index.ts'
export { type AnomalyOptions, detectAnomaly, setDetectAnomaly } from './anomaly.ts'
export {
  type BackwardOptions,
  backward,
  enableGrad,
  type GradOptions,
  grad,
  inferenceMode,
  isGradEnabled,
  isInferenceModeEnabled,
  noGrad,
} from './autograd.ts'
export type { MaybeTensor, RemovableHandle } from './callback.ts'
export { type CheckpointOptions, checkpoint } from './checkpoint.ts'
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
export type { PickleKey } from './files/pickle-value.ts'
export { type LoadStateDictOptions, loadPth, type PthValue } from './files/pth.ts'
export {
  loadSafetensors,
  openSafetensors,
  readSafetensorsMetadata,
  type SafetensorsFile,
  type SafetensorsTensorInfo,
  saveSafetensors,
} from './files/safetensors.ts'
export { defineFunction, type FunctionContext, type FunctionDefinition } from './function.ts'
export {
  broadcastShapes,
  type UniqueConsecutiveOptions,
  type UniqueOptions,
  type UniqueResult,
  unique,
  uniqueConsecutive,
} from './functions.ts'
/** torch.fft: discrete Fourier transforms. */
export * as fft from './generated/fft.ts'
export * from './generated/functions.ts'
/** torch.linalg: norms, factorizations, solvers. */
export * as linalg from './generated/linalg.ts'
/** torch.special: functions of mathematical physics, element by element. */
export * as special from './generated/special.ts'
export { type Index, type Slice, slice } from './indexing.ts'
export { keep, liveTensors, tidy } from './memory.ts'
export type { NestedArray } from './nested.ts'
/** torch.nn: modules, `nn.functional`, `nn.init` and `nn.utils`. */
export * as nn from './nn/index.ts'
/** Any operator of the loaded LibTorch by the name of its schema: `ops.call`, `ops.schema`. */
export * as ops from './ops.ts'
/** torch.optim: optimizers, averages of weights, learning-rate schedules. */
export * as optim from './optim/index.ts'
export { Generator, getRngState, manualSeed, setRngState } from './random.ts'
export { Tensor, type ToOptions } from './tensor.ts'
export type { Device, DType, Layout, MemoryFormat, Scalar } from './types.ts'
