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
  [/^/, /^sym_|^(lift|get_gradients)/, 'serves compilers and tracers'],
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
