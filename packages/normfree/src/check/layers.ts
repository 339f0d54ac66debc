// What stands in front of every layer with weights: which activation, and what it is multiplied by.
// From that follows whether a layer keeps unit variance, without any data.
import { type nn, tidy } from '@normfree/torch'
import { ConvertedConv2d } from '../convert/converted-conv.ts'
import { ScaledStdConv2d } from '../layers/scaled-std-conv.ts'
import { type Block, type Unscaled, unscaled } from './blocks.ts'
import {
  type ActivationNode,
  isActivationNode,
  isWeight,
  type SignalNode,
  type WeightNode,
} from './graph.ts'

/** A convolution or linear layer where it stands. */
export interface Layer {
  node: WeightNode
  /** Dotted name. */
  module: string
  /** The block whose branch or shortcut it belongs to. */
  block: Block | null
  /** First of a branch or a shortcut: what it reads is divided by the block's beta. */
  entry: boolean
  /** The activation that it reads; null where it reads something else. */
  activation: ActivationNode | null
  /** By what the activation is multiplied, beta left out where it is known. */
  factor: number
  /** By what its input is: beta may be divided out there, as the papers' text has it. */
  before: number
  /** The expected standard deviation that the activation divides by, where a ScaledActivation says it. */
  beta: number | null
  /** Gain that the convolution itself carries (timm's convention). */
  gamma: number
  /** Variance that its kernel lets through, gamma and learned gain left out: 1 where standardized. */
  energy: number
  /** Its gamma is 1 / deviation of whatever it reads, of which the activation is a part only. */
  converted: boolean
  /** Every unit of the kernel sums to 0, as Scaled WS makes it. */
  centred: boolean
}

/** A squared row sum below this share of the row's energy is rounding. */
const CENTRED = 1e-3

/**
 * The layers that a unit variance can be asked of: no norm around them, not behind a mean over
 * positions (squeeze-excite, classifiers), and not silenced.
 */
export function unitLayers(
  model: nn.Module,
  nodes: readonly SignalNode[],
  blocks: readonly Block[],
): Layer[] {
  const modules = new Map(model.namedModules())
  const normed = normedNodes(nodes)
  const squeezed = squeezedNodes(nodes)
  const places = new Map<SignalNode, Block>()
  for (const block of blocks)
    for (const node of [...block.layers, ...block.shortcut]) places.set(node, block)
  const entries = new Set(blocks.flatMap(({ layers, shortcut }) => [layers[0], shortcut[0]]))
  const asked = nodes
    .filter(isWeight)
    .filter(node => !places.get(node)?.normed && !normed.has(node) && !squeezed.has(node))
    .map(node => ({
      ...feedOf(node),
      node,
      block: places.get(node) ?? null,
      entry: entries.has(node),
    }))
  const inKernels = kernelsCarryGains(asked)
  return asked
    .map(placed => describe(placed, modules.get(placed.node.module), inKernels))
    .filter(({ energy }) => energy > 0)
}

type Feed = Pick<Layer, 'activation' | 'factor' | 'before' | 'beta'>
type Placed = Feed & Pick<Layer, 'node' | 'block' | 'entry'>

/** What a layer reads. */
function feedOf(node: WeightNode): Feed {
  const { node: source, factor } = throughPools(node.inputs[0])
  const activation = isActivationNode(source) ? source : null
  const beta = activation?.step.scaled?.module.beta ?? null
  const before = activation ? throughPools(activation.inputs[0]).factor : 1
  return { activation, factor: factor * (beta ?? 1), before, beta }
}

/** In kernels that are not ours, gains are looked for where activations are not multiplied by them. */
function kernelsCarryGains(layers: readonly Placed[]): boolean {
  const inner = layers.filter(({ activation, entry }) => activation && !entry)
  const plain = inner.filter(layer => off(layer.factor) < off(layer.factor / gainWanted(layer)))
  return 2 * plain.length > inner.length
}

const off = (ratio: number): number => Math.abs(Math.log(ratio))

function describe(placed: Placed, module: nn.AnyModule | undefined, inKernels: boolean): Layer {
  const { kernel } = placed.node.step
  const standardized = module instanceof ScaledStdConv2d ? module : null
  const gain = standardized ? tidy(() => standardized.gain.detach().square().mean().item()) : 1
  const gamma = standardized?.gamma ?? (inKernels ? gainWanted(placed) : 1)
  return {
    ...placed,
    module: placed.node.module,
    gamma,
    energy: gain === 0 ? 0 : kernel.energy / gain / gamma ** 2,
    converted: module instanceof ConvertedConv2d,
    centred: kernel.squaredSum <= CENTRED * kernel.energy,
  }
}

/** As `unscaled`, past pools and padding too. */
export function throughPools(node: SignalNode): Pick<Unscaled, 'node' | 'factor'> {
  const found = unscaled(node)
  if (found.node.step.kind !== 'pool' && found.node.step.kind !== 'pad') return found
  const further = throughPools(found.node.inputs[0])
  return { node: further.node, factor: found.factor * further.factor }
}

/** Layers that a norm follows, or whose input comes from one, be it through an activation. */
function normedNodes(nodes: readonly SignalNode[]): Set<SignalNode> {
  const normed = new Set<SignalNode>()
  for (const node of nodes) {
    if (node.step.kind === 'norm') normed.add(throughPools(node.inputs[0]).node)
    if (!isWeight(node)) continue
    const source = throughPools(node.inputs[0]).node
    const origin = isActivationNode(source) ? throughPools(source.inputs[0]).node : source
    if (origin.step.kind === 'norm') normed.add(node)
  }
  return normed
}

/** Everything behind a mean over positions, up to where it gates the image. */
function squeezedNodes(nodes: readonly SignalNode[]): Set<SignalNode> {
  const squeezed = new Set<SignalNode>()
  for (const node of nodes) {
    const { kind } = node.step
    if (kind === 'mean' || (kind !== 'gate' && node.inputs.some(input => squeezed.has(input))))
      squeezed.add(node)
  }
  return squeezed
}

/** What `factor` times gamma has to be for unit variance to come out. */
export const gainWanted = ({ activation }: Pick<Layer, 'activation'>): number =>
  activation?.step.moments.gain ?? 1

/** The variance that comes out of activation and kernel for a standard normal input. */
export const transfer = (layer: Layer): number =>
  ((layer.factor * layer.gamma) / gainWanted(layer)) ** 2 * layer.energy
