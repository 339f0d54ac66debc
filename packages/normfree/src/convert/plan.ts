// What of a net can be converted, and what not: read off one pass, before anything is changed.
import { nn } from '@normfree/torch'
import { EfficientChannelAttention } from '../layers/efficient-channel-attention.ts'
import { Conv2dSame } from '../layers/same-padding.ts'
import { ScaledStdConv2d } from '../layers/scaled-std-conv.ts'
import { SqueezeExcite } from '../layers/squeeze-excite.ts'
import { StdConv2d } from '../layers/std-conv.ts'
import { isChannelGate, isNorm, type PassGraph, type PassNode, sourcesOf } from './pass-graph.ts'

/** Something that stays as it is. */
export interface Left {
  /** Dotted name; '' for the model itself. */
  module: string
  /** What it is: `BatchNorm1d`, `batch_norm`. */
  what: string
  reason: string
  /** What its author can do about it. */
  remedy: string
}

/** A convolution that will be standardized. */
export interface PlannedConv {
  name: string
  conv: nn.Conv2d
  /** The batch norm that alone reads it, whose gain and bias it takes over; null where there is none. */
  norm: nn.BatchNorm2d | null
}

/** A batch norm that will go. */
export interface PlannedNorm {
  name: string
  norm: nn.BatchNorm2d
  /** The convolution that takes over its gain and bias; null where none can. */
  into: string | null
}

/** Gates of ours, whose gain is a setting. */
export type OwnGate = SqueezeExcite | EfficientChannelAttention

/** What is to be done, in forward order. */
export interface Plan {
  convs: readonly PlannedConv[]
  norms: readonly PlannedNorm[]
  gates: readonly (readonly [name: string, gate: OwnGate])[]
  /** Modules that multiply channels by a gate, and have no setting for its gain. */
  foreignGates: readonly string[]
  left: readonly Left[]
}

interface Surroundings {
  graph: PassGraph
  modules: ReadonlyMap<string, nn.AnyModule>
  /** How many modules own a weight. */
  owners: ReadonlyMap<nn.Parameter, number>
}

/** Reads a plan off the pass of `model` that `graph` is of. */
export function planConversion(model: nn.Module, graph: PassGraph): Plan {
  const modules = new Map(model.namedModules())
  const around = { graph, modules, owners: ownersOf(model) }
  const convs = new Map<string, PlannedConv>()
  const norms: PlannedNorm[] = []
  const left: Left[] = []
  for (const node of graph.nodes.values()) {
    if (!isNorm(node)) continue
    const obstacle = obstacleOfNorm(node, around)
    if (obstacle) {
      if (!left.some(({ module }) => module === obstacle.module && module !== ''))
        left.push(obstacle)
      continue
    }
    const norm = modules.get(node.module) as nn.BatchNorm2d & nn.AnyModule
    const sources = convertibleSources(node, around)
    const direct = directConv(node)
    for (const { module } of sources) {
      const conv = modules.get(module) as nn.Conv2d & nn.AnyModule
      if (module === direct) convs.set(module, { name: module, conv, norm })
      else if (!convs.has(module)) convs.set(module, { name: module, conv, norm: null })
    }
    norms.push({ name: node.module, norm, into: direct })
  }
  const gates = [...modules].filter(
    (entry): entry is [string, OwnGate & nn.AnyModule] =>
      isOwnGate(entry[1]) && entry[1].gain === 1,
  )
  const foreign = [...graph.nodes.values()]
    .filter(node => isChannelGate(node) && !isOwnGate(modules.get(node.module)))
    .map(({ module }) => module)
  return { convs: [...convs.values()], norms, gates, foreignGates: [...new Set(foreign)], left }
}

const isOwnGate = (module: nn.AnyModule | undefined): module is nn.AnyModule & OwnGate =>
  module instanceof SqueezeExcite || module instanceof EfficientChannelAttention

function ownersOf(model: nn.Module): Surroundings['owners'] {
  const owners = new Map<nn.Parameter, number>()
  for (const module of model.modules()) {
    const { weight } = module as { weight?: unknown }
    if (weight instanceof nn.Parameter) owners.set(weight, (owners.get(weight) ?? 0) + 1)
  }
  return owners
}

/** The convolution whose output the norm alone reads. */
function directConv({ inputs: [input] }: PassNode): string | null {
  return input.operator === 'conv2d' && input.readers.length === 1 ? input.module : null
}

/** Convolutions behind which the norm stands, that can be standardized or are. */
const convertibleSources = (node: PassNode, around: Surroundings): PassNode[] =>
  sourcesOf(node.inputs[0]).filter(
    source => !isNorm(source) && source.inputs.length > 0 && !obstacleOfLayer(source, around),
  )

function obstacleOfNorm(node: PassNode, around: Surroundings): Left | null {
  const { module: name } = node
  const module = around.modules.get(name)
  const what = isNormModule(module) ? module.constructor.name : node.operator
  const left = (reason: string, remedy: string): Left => ({ module: name, what, reason, remedy })
  if (node.operator !== 'batch_norm')
    return left('it takes no statistics over the batch', 'keep it, or build the net without it')
  if (module instanceof nn.BatchNorm1d)
    return left(
      'it stands behind a layer that is no convolution of images; Scaled WS has no form for it',
      'keep it, or take it out and start that layer with weights of variance 1 / fan-in',
    )
  if (!(module instanceof nn.BatchNorm2d))
    return left(
      'it is called as a function',
      'make it an nn.BatchNorm2d of the module and call that',
    )
  const calls = around.graph.calls.get(name) ?? 0
  if (calls > 1)
    return left(`it is called ${calls} times in a pass`, 'give each place a norm of its own')
  const sources = sourcesOf(node.inputs[0])
  if (sources.every(({ operator }) => operator === 'input'))
    return left(
      'no convolution stands in front of it: it normalizes the images',
      'take it out, and normalize the data by its own mean and deviation',
    )
  if (sources.some(source => isNorm(source) || !obstacleOfLayer(source, around))) return null
  const [source] = sources
  const obstacle = obstacleOfLayer(source, around) as Obstacle
  const layer = source.module || `a ${source.operator} in the model itself`
  return left(`${layer} in front of it ${obstacle.reason}`, obstacle.remedy)
}

const isNormModule = (module: nn.AnyModule | undefined): module is nn.AnyModule =>
  module !== undefined && 'eps' in module && !(module instanceof nn.Conv2d)

interface Obstacle {
  reason: string
  remedy: string
}

/** Convolutions whose forward is known. */
const FORWARDS = [nn.Conv2d, Conv2dSame, StdConv2d].map(({ prototype }) => prototype.forward)

/** Why a source cannot be standardized; null where it can, or is. */
function obstacleOfLayer(source: PassNode, { graph, modules, owners }: Surroundings) {
  const module = modules.get(source.module)
  if (source.operator === 'input')
    return { reason: 'is the image', remedy: 'normalize the data' } satisfies Obstacle
  if (module instanceof ScaledStdConv2d) return null
  if (!(module instanceof nn.Conv2d) || source.operator !== 'conv2d')
    return {
      reason: 'is no nn.Conv2d',
      remedy: 'make it an nn.Conv2d of the module, where it is a convolution of images',
    }
  const calls = graph.calls.get(source.module) ?? 0
  if (calls > 1)
    return {
      reason: `is called ${calls} times in a pass, and its scale can fit one input only`,
      remedy: 'give each place a convolution of its own',
    }
  if (!FORWARDS.includes(module.forward) || (source.weight !== module.weight && !isStd(module)))
    return {
      reason: 'has a forward or a kernel of its own',
      remedy: 'standardize its kernel there, as ScaledStdConv2d does',
    }
  if ((owners.get(module.weight) ?? 0) > 1)
    return {
      reason: 'shares its weight with another layer',
      remedy: 'give each layer a weight of its own',
    }
  if (module.weight.numel === module.outChannels)
    return {
      reason: 'has one weight a unit, which has no variance to standardize by',
      remedy: 'leave it out, or make it a larger depthwise convolution',
    }
  return null
}

const isStd = (module: nn.AnyModule): boolean => module instanceof StdConv2d

/** Whether every unit of a convolution sees one channel. */
export const isDepthwise = ({ groups, inChannels }: nn.Conv2d): boolean =>
  groups === inChannels && groups > 1
