// Which operators get a typed wrapper. Everything else stays reachable as ops.call('aten::name',
// 'overload', ...). Each exclusion says why; the emitter makes no exception of its own.
import type { Schema } from './schema.ts'

interface Exclusion {
  reason: string
  test: (schema: Schema) => boolean
}

const named = (reason: string, pattern: RegExp): Exclusion => ({
  reason,
  test: schema => pattern.test(schema.name),
})

const typed = (reason: string, pattern: RegExp): Exclusion => ({
  reason,
  test: schema =>
    [...schema.args.map(arg => arg.type), ...schema.returns].some(t => pattern.test(t)),
})

export const EXCLUSIONS: readonly Exclusion[] = [
  named('internal to PyTorch', /^_|_$(?<=__)|^(linalg|fft|special)__/),
  named('derivatives are taken by autograd', /backward|_jvp$/),
  named(
    'a backend kernel behind a public operator',
    /^(cudnn|miopen|mkldnn|mps|xnnpack|fbgemm|quantized|sparse_\w+_tensor|slow_conv|thnn|conv_depthwise3d|nested|qscheme|q_|int_repr|fake_quantize|fused_moving|convolution_overrideable|to_mkldnn|to_padded_tensor|choose_qparams)|_with_noise|_forward$/,
  ),
  named(
    'serves the quantised and sparse layouts',
    /quantize|sparse|ccol|crow|row_indices|col_indices|coalesce|^(dense_dim|to_dense|h?s[sp]+mm|hspmm|indices|values)(_copy)?$/,
  ),
  named(
    'serves compilers and tracers, which need every operator as a function',
    /^(lift|lift_fresh|lift_fresh_copy|sym_\w+|slice_inverse|normal_functional|get_gradients|shallow_copy_data_|flatten_dense_tensors|unflatten_dense_tensors|cauchy|exponential|geometric|log_normal|random|uniform|zero|set|resize|resize_as|embedding_renorm|copy)$/,
  ),
  named(
    'hand-written, in tensor.ts',
    /^(to|size|stride|dim|numel|item|data|set_data|requires_grad_?|retain_grad|retains_grad|is_leaf|is_contiguous|get_device|output_nr|storage_offset|backward|device|numpy_T|matrix_H)$/,
  ),
  named('hand-written, in functions.ts', /^unique_consecutive$/),
  named(
    'a tensor of the garbage collector or of several machines',
    /^(is_distributed|record_stream)$/,
  ),
  {
    reason: 'writes into a given tensor',
    test: schema => schema.args.some(arg => arg.mutated && arg.name !== 'self'),
  },
  {
    reason: 'named tensors were given up by PyTorch',
    test: schema =>
      /name[sd]|[Dd]imname/.test(schema.overload) ||
      /^(align_|refine_names|rename)/.test(schema.name) ||
      schema.args.some(arg => /^(dim|dims|names)$/.test(arg.name) && arg.type.startsWith('str')),
  },
  {
    reason: 'torch.stft centres its frames, and so does the other overload by default',
    test: schema => schema.name === 'stft' && schema.overload === '',
  },
  {
    reason: 'the overload that takes a generator too serves',
    test: schema =>
      /^(rand|randn|randint|randperm)$/.test(schema.name) && !/generator/.test(schema.overload),
  },
  typed(
    'a type that only the JIT has',
    /__torch__|Dict|Storage|Stream|QScheme|^Any|^t$|^\(|Future|complex/,
  ),
  {
    reason: 'works on plain numbers: JavaScript has operators for that',
    test: schema =>
      ![...schema.args.map(arg => arg.type), ...schema.returns].some(type =>
        /^(Tensor|ScalarType)/.test(type),
      ),
  },
]

/** The reason why `schema` has no wrapper, undefined when it has one. */
export const excluded = (schema: Schema): string | undefined =>
  EXCLUSIONS.find(exclusion => exclusion.test(schema))?.reason

/** Methods of Tensor in PyTorch that no function of `torch` is: `slice` is the index of `at`. */
export const METHOD_ONLY: ReadonlySet<string> = new Set(['slice', 'mT', 'mH'])

/** Properties of Tensor in PyTorch, not methods. */
export const PROPERTIES: ReadonlySet<string> = new Set(['mT', 'mH', 'real', 'imag'])

/** Functions in PyTorch that no method of Tensor is, though an argument is called `self`. */
export const FUNCTION_ONLY: ReadonlySet<string> = new Set(['searchsorted'])
