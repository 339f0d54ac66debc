// Weights that DeepMind published for its NFNets (deepmind-research nfnets, `F0_haiku.npz` and on):
// Haiku's names and layouts turned into those of our state dicts, which are timm's.
import type { nn, Tensor } from '@normfree/torch'
import type { State } from './state.ts'

/** Convolutions of a block, in Haiku and here. */
const BLOCK_LAYERS: Readonly<Record<string, string>> = {
  conv0: 'conv1',
  conv1: 'conv2',
  conv1b: 'conv2b',
  conv2: 'conv3',
  conv_shortcut: 'downsample.conv',
}
const NET_LAYERS: Readonly<Record<string, string>> = {
  initial_conv: 'stem.conv',
  final_conv: 'final_conv',
  linear: 'head.fc',
}
const LEAVES: Readonly<Record<string, string>> = { w: 'weight', b: 'bias' }
const SQUEEZE_EXCITE: Readonly<Record<string, string>> = { linear: 'fc1', linear_1: 'fc2' }

/** Whether the names are Haiku's: their matrices are called `w`. */
export const isHaiku = (state: State): boolean =>
  [...state.keys()].some(name => /[./]w$/.test(name))

/**
 * The state under the names and in the shapes of `model`; kernels HWIO to OIHW, matrices transposed.
 * Names that mean nothing in `model` stay, so that they show up when they are loaded.
 */
export function fromHaiku(state: State, model: nn.Module): Map<string, Tensor> {
  const own = model.stateDict()
  const blocks = [...new Set(Array.from(own.keys(), name => /^stages\.\d+\.\d+/.exec(name)?.[0]))]
  const prefixes = blocks.filter(block => block !== undefined)
  return new Map(
    Array.from(state, ([name, tensor]) => {
      const renamed = rename(name, prefixes, own)
      return [renamed, relayOut(tensor, own.get(renamed)?.dim ?? tensor.dim)]
    }),
  )
}

/** `NFNet/~/nf_block_3/~/conv0/w`, or the same with dots, to `stages.2.0.conv1.weight`. */
function rename(name: string, blocks: readonly string[], own: State): string {
  const [, ...path] = name.split(/[./]/).filter(part => part !== '~')
  const leaf = path.pop() ?? ''
  const place = placeOf(path, blocks, own)
  if (place === undefined) return name
  return [place, leaf === 'skip_gain' ? 'skipinit_gain' : (LEAVES[leaf] ?? leaf)].join('.')
}

function placeOf(path: string[], blocks: readonly string[], own: State): string | undefined {
  const [first, second, third] = path
  const stem = /^stem_conv(\d+)$/.exec(first)
  if (stem) return `stem.conv${Number(stem[1]) + 1}`
  const block = /_block(?:_(\d+))?$/.exec(first)
  if (!block) return NET_LAYERS[first]
  const prefix = blocks[Number(block[1] ?? 0)]
  if (prefix === undefined || second === undefined) return prefix
  if (second !== 'squeeze_excite') return join(prefix, BLOCK_LAYERS[second])
  const attention = own.has(`${prefix}.attn.fc1.weight`) ? 'attn' : 'attn_last'
  return join(`${prefix}.${attention}`, SQUEEZE_EXCITE[third])
}

const join = (prefix: string, name: string | undefined): string | undefined =>
  name === undefined ? undefined : `${prefix}.${name}`

/** Four dimensions HWIO to OIHW, matrices (in, out) to (out, in); then ones at the end up to `dim`. */
function relayOut(tensor: Tensor, dim: number): Tensor {
  const outFirst =
    tensor.dim === 4 ? tensor.permute([3, 2, 0, 1]) : tensor.dim === 2 ? tensor.t() : tensor
  const ones = Array.from({ length: Math.max(0, dim - tensor.dim) }, () => 1)
  return outFirst.reshape([...outFirst.shape, ...ones])
}
