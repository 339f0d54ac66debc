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
  named('internal to PyTorch', /^_|_$(?<=__)/),
  named('derivatives are taken by autograd', /backward/),
  named('belongs to a namespace of its own', /^(linalg|fft|special)_/),
  named(
    'a backend kernel behind a public operator',
    /^(cudnn|miopen|mkldnn|mps|fbgemm|quantized|sparse_\w+_tensor|slow_conv|thnn|nested|qscheme|q_|int_repr|fake_quantize|fused_moving)/,
  ),
  named(
    'serves the quantised and sparse layouts',
    /quantize|sparse|ccol|crow|row_indices|col_indices|coalesce|^to_dense|^(indices|values)$/,
  ),
  named(
    'hand-written, in tensor.ts',
    /^(to|size|stride|dim|numel|item|data|set_data|requires_grad_?|retain_grad|retains_grad|is_\w+|output_nr|sym_\w+|storage_offset|backward|detach_?|device|T)$/,
  ),
  {
    reason: 'writes into a given tensor',
    test: schema => schema.args.some(arg => arg.mutated && arg.name !== 'self'),
  },
  {
    reason: 'named tensors were given up by PyTorch',
    test: schema =>
      /names|[Dd]imname/.test(schema.overload) ||
      schema.args.some(arg => /^(dim|dims|names)$/.test(arg.name) && arg.type.startsWith('str')),
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
      !schema.args.some(arg => arg.type.startsWith('Tensor')) &&
      !schema.returns.some(type => type.startsWith('Tensor')),
  },
]

/** The reason why `schema` has no wrapper, undefined when it has one. */
export const excluded = (schema: Schema): string | undefined =>
  EXCLUSIONS.find(exclusion => exclusion.test(schema))?.reason
