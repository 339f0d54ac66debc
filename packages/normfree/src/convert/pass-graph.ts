// Who reads what in a forward pass: one node for every operator that depends on the input. Events are
// numbered as in signal/structure.ts, so that what is found there can be looked up here.
import { nn, type Tensor } from '@normfree/torch'
import { baseName, firstTensor, isWeightLayer, tensorsOf } from '../signal/residual-sums.ts'
import { followPass } from '../signal/timeline.ts'

/** One operator of the pass. It holds no activation. */
export interface PassNode {
  /** Number of its event; that of the model's call for an input. */
  event: number
  /** `conv2d`, `batch_norm`, `add`; `input` for what the model is given. */
  operator: string
  /** Dotted name of the innermost module that called it, '' for the model itself. */
  module: string
  shape: readonly number[]
  /** Those it was made of that depend on the input. */
  inputs: readonly PassNode[]
  /** Those that were made of it. */
  readers: PassNode[]
  /** The parameter that a layer multiplies by; null where that is computed. */
  weight: nn.Parameter | null
  /** What multiplies it, where that is one number; of a sum, what multiplies the second operand. */
  factor: number | null
}

/** All of a pass. */
export interface PassGraph {
  /** By event, in order. */
  nodes: ReadonlyMap<number, PassNode>
  /** How often each module was called, by its dotted name. */
  calls: ReadonlyMap<string, number>
}

/** The graph of the last call of `model` in `pass`. */
export function passGraph(model: nn.AnyModule, pass: () => void): PassGraph {
  const nodes = new Map<number, PassNode>()
  const calls = new Map<string, number>()
  const known = new WeakMap<Tensor, PassNode>()
  const add = (tensor: Tensor, node: Omit<PassNode, 'shape' | 'readers'>) => {
    const added = { ...node, shape: tensor.shape, readers: [] }
    nodes.set(node.event, added)
    for (const input of node.inputs) input.readers.push(added)
    return added
  }
  const events = {
    enter(event: number, { name }: { name: string }, inputs: readonly unknown[]) {
      calls.set(name, (calls.get(name) ?? 0) + 1)
      if (name !== '') return
      for (const tensor of tensorsOf(inputs)) {
        const node = {
          event,
          operator: 'input',
          module: '',
          inputs: [],
          weight: null,
          factor: null,
        }
        known.set(tensor, add(tensor, node))
      }
    },
    leave: () => {},
    operator(
      event: number,
      { operator, args, result }: { operator: string; args: readonly unknown[]; result: unknown },
      running: readonly { name: string }[],
    ) {
      const inputs = [...new Set([...tensorsOf(args)].flatMap(each => known.get(each) ?? []))]
      const made = firstTensor(result)
      if (inputs.length === 0 || !made) return
      const name = baseName(operator)
      const weight = args[1] instanceof nn.Parameter ? args[1] : null
      const factor = factorOf(name, args)
      const module = running[running.length - 1].name
      const node = add(made, { event, operator: name, module, inputs, weight, factor })
      for (const tensor of tensorsOf(result)) known.set(tensor, node)
    },
  }
  followPass(model, events, pass)
  return { nodes, calls }
}

/** A parameter counts as 1, for that is where it will be; one that starts at 0 is told. */
function factorOf(operator: string, args: readonly unknown[]): number | null {
  if (operator === 'add') return typeof args[2] === 'number' ? args[2] : 1
  if (operator !== 'mul' && operator !== 'div') return null
  const by = args.find(arg => typeof arg === 'number' || firstTensor(arg)?.numel === 1)
  if (by instanceof nn.Parameter) return by.item() === 0 ? 0 : 1
  const value = typeof by === 'number' ? by : (firstTensor(by)?.item() ?? null)
  return value !== null && operator === 'div' ? 1 / value : value
}

const NORM = /^(batch|group|layer|instance)_norm$/
const GATE = /^(hard)?sigmoid$|^softmax$/

/** Whether an operator normalizes by statistics of its input. */
export const isNorm = ({ operator }: PassNode): boolean => NORM.test(operator)

/**
 * What a signal comes from: the nearest convolutions, linear layers, norms and inputs in front of
 * `node`, itself included, through everything that only bends, pools, adds or gates.
 */
export function sourcesOf(node: PassNode): PassNode[] {
  const sources = new Set<PassNode>()
  const seen = new Set<PassNode>()
  const open = [node]
  for (let at = open.pop(); at; at = open.pop()) {
    if (seen.has(at)) continue
    seen.add(at)
    if (isWeightLayer(at.operator) || isNorm(at) || at.inputs.length === 0) sources.add(at)
    else open.push(...gatedOf(at))
  }
  return [...sources].sort((a, b) => a.event - b.event)
}

/** Of a product with a gate the other operand; otherwise all. */
function gatedOf(node: PassNode): readonly PassNode[] {
  if (node.operator !== 'mul') return node.inputs
  const gated = node.inputs.filter(
    input => input.shape.join() === node.shape.join() && !isGate(input),
  )
  return gated.length > 0 ? gated : node.inputs
}

/** Whether what is made is a sigmoid, be it multiplied or in another shape. */
function isGate(node: PassNode): boolean {
  let at = node
  while (at.inputs.length === 1 && !GATE.test(at.operator) && !isWeightLayer(at.operator))
    at = at.inputs[0]
  return GATE.test(at.operator)
}

/** Whether channels are multiplied by a gate of their own, as squeeze-excite does. */
export const isChannelGate = (node: PassNode): boolean =>
  node.operator === 'mul' &&
  node.inputs.some(input => input.shape.join() !== node.shape.join() && isGate(input))
