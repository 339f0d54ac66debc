// What PyTorch shows its users (public/*.json) against what this package has, each missing name with
// its reason.
//   node packages/torch/dist-codegen/coverage.js   lists them
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { camelCase } from './naming.ts'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

export interface Missing {
  /** `torch`, `Tensor`, `linalg`, `special` or `fft`. */
  space: string
  /** PyTorch's name. */
  name: string
  /** Undefined when nobody has thought about it. */
  reason?: string
}

/** Names as PyTorch spells them, per space, of all versions. */
export function publicNames(): Record<string, Set<string>> {
  const names: Record<string, Set<string>> = {}
  const folder = join(ROOT, 'codegen', 'public')
  for (const file of readdirSync(folder)) {
    const spaces: Record<string, string[]> = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    for (const [space, listed] of Object.entries(spaces))
      names[space] = new Set([...(names[space] ?? []), ...listed])
  }
  return names
}

/** The public names that `torch` (the package's exports) lacks. */
export function missingNames(torch: Record<string, unknown>): Missing[] {
  const methods = (torch.Tensor as { prototype: object }).prototype
  return Object.entries(publicNames()).flatMap(([space, names]) => {
    const ours = (space === 'torch' ? torch : space === 'Tensor' ? methods : torch[space]) as object
    return [...names]
      .filter(name => !(ourName(name) in ours))
      .map(name => ({ space, name, reason: reasonFor(space, name) }))
  })
}

const ourName = (name: string) => (/^[A-Z]$|^m[TH]$/.test(name) ? name : camelCase(name))

const reasonFor = (space: string, name: string) =>
  REASONS.find(([spaces, pattern]) => spaces.test(space) && pattern.test(name))?.[2]

/** [where, which names, why there is none of ours]. */
const REASONS: readonly [RegExp, RegExp, string][] = [
  [
    /^/,
    /quantiz|fake_quant|fbgemm|^(q_|int_repr|qscheme|empty_quantized|is_quantized|choose_qparams)|fused_moving/,
    'quantised tensors are not carried',
  ],
  [
    /^/,
    /sparse|^(ccol|crow|col|row)_indices|coalesce|^(dense_dim|to_dense|indices|values|[dh]smm|h?spmm|saddmm|sspaddmm|smm)(_copy)?$|^to_padded|nested/,
    'the sparse and nested layouts are not carried',
  ],
  [
    /^/,
    /^(cudnn|miopen|mkldnn|to_mkldnn|conv_depthwise)|is_(mkldnn|ipu|xpu|xla|ort|vulkan|mps|mtia|maia|meta|hpu|nested)/,
    'a backend behind a public operator, or one that is not carried',
  ],
  [
    /^/,
    /^(align_|refine_names|rename|names$|has_names|unify)/,
    'named tensors were given up by PyTorch',
  ],
  [/^/, /^sym_|^(lift|get_gradients|slice_inverse)/, 'serves compilers and tracers'],
  [
    /^torch/,
    /^(as_tensor|asarray|from_numpy|frombuffer|from_dlpack|to_dlpack)$/,
    'tensor() and from() take typed and nested arrays',
  ],
  [
    /^torch/,
    /autocast|^(is_anomaly|set_anomaly)/,
    'a mode holds for a function: autocast(), detectAnomaly()',
  ],
  [
    /^torch/,
    /interop_threads|^(init_num_threads|set_flush_denormal|get_default_dtype|vitals|set_vital|read_vitals)/,
    'a switch of the process that is left alone; the default dtype is float32',
  ],
  [/^torch/, /^(candidate|fork|wait|obj|import_ir_|merge_type|parse_)/, 'belongs to the JIT'],
  [/^torch/, /^batch_norm_backward/, 'derivatives are taken by autograd'],
  [
    /^torch/,
    /^(lu|pca_lowrank|svd_lowrank|unravel_index)$/,
    'composed in Python of operators that have wrappers (linalg.luFactor, linalg.svd)',
  ],
  [
    /^(torch|Tensor)/,
    /^(numel|get_device|layout|ndim|ndimension|nelement|output_nr|name|volatile|is_cpu|dim_order|itemsize|nbytes|element_size)$/,
    'told by shape, numel, dtype, device and strides',
  ],
  [
    /^Tensor/,
    /^(bfloat16|bool|byte|char|cdouble|cfloat|double|float|half|int|long|short|type|cpu|cuda|ipu|xpu|mtia|hpu|new|new_tensor)$/,
    'to() converts, tensor() makes',
  ],
  [
    /^Tensor/,
    /^(data_ptr|const_data_ptr|numpy|tolist|storage|storage_offset|storage_type|untyped_storage|apply_|map_|map2_)$/,
    'data() and toArray() give the elements to JavaScript',
  ],
  [
    /^(torch|Tensor)/,
    /^(is_distributed|is_shared|share_memory_|record_stream)$/,
    'memory of several processes and streams is not shown',
  ],
  [
    /^Tensor/,
    /^(register_post_accumulate_grad_hook|grad_dtype)$/,
    'gradients are seen by registerHook(), and have the dtype of their tensor',
  ],
  [/^Tensor/, /^(as_subclass|reinforce|module_load|wrapped)$/, 'serves subclasses in Python'],
  [/^Tensor/, /^(eig|lstsq|solve|lu|resize|resize_as)$/, 'given up by PyTorch: linalg has them'],
]

async function main() {
  const torch = await import(join(ROOT, 'dist', 'index.js'))
  const missing = missingNames(torch)
  for (const reason of new Set(missing.map(each => each.reason))) {
    const names = missing.filter(each => each.reason === reason)
    console.log(`${reason ?? 'WITHOUT A REASON'} (${names.length}):`)
    console.log(`  ${names.map(({ space, name }) => `${space}.${name}`).join(' ')}`)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()
