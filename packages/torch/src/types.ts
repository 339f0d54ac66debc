// PyTorch's names for what a tensor is made of. Strings throughout: they read well in options,
// logs and files, and the addon turns them into LibTorch's enumerations.

/** Element types. */
export type DType =
  | 'uint8'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'float16'
  | 'float32'
  | 'float64'
  | 'complex64'
  | 'complex128'
  | 'bool'
  | 'bfloat16'

/** `'cpu'`, `'cuda'` (the current one) or `'cuda:N'`. */
export type Device = 'cpu' | 'cuda' | `cuda:${number}`

/** The order of elements in memory: channels last means that a pixel's channels are neighbours. */
export type MemoryFormat =
  | 'contiguous_format'
  | 'preserve_format'
  | 'channels_last'
  | 'channels_last_3d'

/** How elements are stored. Sparse layouts are reached through `ops.call` alone. */
export type Layout = 'strided' | 'sparse_coo'

/** A plain number where an operator takes a Scalar; integer-valued numbers become integers. */
export type Scalar = number | boolean | bigint

/** A random stream, as operators that draw take it: the class of random.ts. */
export interface Generator {
  readonly handle: number
}
