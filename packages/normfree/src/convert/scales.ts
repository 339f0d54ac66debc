// The constants of a converted net: the gamma of every convolution and the scale at the end of every
// branch, from the expected signal. They follow from the architecture alone, as gamma, alpha and beta of
// the papers' nets do: weights that are loaded later belong to the same constants.
import { Generator, type nn, noGrad, randn, type Tensor, tidy, zeros } from '@normfree/torch'
import { Interpreter } from '../predict/interpret.ts'
import { statisticsOf } from '../predict/moments.ts'
import { withSamples } from '../predict/predict-signal.ts'
import { findStretches } from '../signal/structure.ts'
import { residualBlocks } from '../signal/taps.ts'
import { followPass } from '../signal/timeline.ts'
import { undisturbed } from '../undisturbed.ts'
import { ConvertedConv2d } from './converted-conv.ts'
import { type PassGraph, type PassNode, passGraph, sourcesOf } from './pass-graph.ts'

/** A residual sum of a converted net. */
export interface Branch {
  /** Dotted name of the block. */
  block: string
  /** Event of the operator that makes the branch, before it is scaled. */
  event: number
  /** The last converted convolutions in front of that; none where the branch has none. */
  ends: readonly ConvertedConv2d[]
  /** What multiplies the branch behind that, apart from parameters. */
  factor: number
  /** A scalar that is 0 multiplies it already. */
  silent: boolean
}

/** A batch of images that hold nothing, as few as `model` takes in training. */
export function emptyBatch(model: nn.Module, inputShape: readonly number[]): Tensor {
  const run = (samples: number) => {
    const input = zeros([samples, ...inputShape])
    undisturbed(model, () => noGrad(() => tidy(() => void model.train()(input))))
    return input
  }
  return withSamples(model, run)
}

/** A pass of `model` in training mode. Buffers may change: run it through `undisturbed`. */
const passOf = (model: nn.Module, input: Tensor) => () =>
  noGrad(() => tidy(() => void model.train()(input)))

/** The graph of a pass over `input`. */
export function graphOf(model: nn.Module, input: Tensor): PassGraph {
  let graph: PassGraph | undefined
  undisturbed(model, () => {
    graph = passGraph(model, passOf(model, input))
  })
  return graph as PassGraph
}

/** What the scales of a net depend on. */
export interface Course {
  /** Residual sums, in forward order. */
  branches: readonly Branch[]
  /** Dotted names of modules that are called only behind all converted convolutions and branches. */
  late: ReadonlySet<string>
}

/** Looks at a converted `model`. */
export function courseOf(model: nn.Module, input: Tensor): Course {
  const graph = graphOf(model, input)
  const branches = branchesOf(model, graph, passOf(model, input))
  const nodes = [...graph.nodes.values()]
  const modules = new Map(model.namedModules())
  const convs = nodes.filter(({ module }) => modules.get(module) instanceof ConvertedConv2d)
  const last = Math.max(...[...convs, ...branches].map(({ event }) => event))
  const [early, late] = [false, true].map(
    behind =>
      new Set(nodes.filter(({ event }) => event > last === behind).map(node => node.module)),
  )
  for (const name of early) late.delete(name)
  return { branches, late }
}

function branchesOf(model: nn.Module, { nodes }: PassGraph, pass: () => void): Branch[] {
  const own = residualBlocks(model).map(([name]) => name)
  const { stretches } = findStretches(model, own.length > 0 ? new Set(own) : null, pass)
  const modules = new Map(model.namedModules())
  return stretches.flatMap(({ name, sum }) => {
    const end = sum && nodes.get(sum.branch)
    const addition = sum && nodes.get(sum.event)
    if (!sum || !end || !addition) return []
    const ends = sourcesOf(end).flatMap(({ module, event }) => {
      const conv = modules.get(module)
      return conv instanceof ConvertedConv2d && event > sum.fork ? [conv] : []
    })
    const { factor, silent } = scaledBy(addition, end, sum.branchArgument)
    return [{ block: name, event: sum.branch, ends, factor, silent }]
  })
}

/** The factors between the end of a branch and the sum. */
function scaledBy(addition: PassNode, end: PassNode, branchArgument: 0 | 1) {
  let factor = branchArgument === 1 ? (addition.factor ?? 1) : 1
  let silent = false
  let at: PassNode | undefined = addition.inputs.find(input => descends(input, end))
  while (at && at !== end) {
    if (at.factor === 0) silent = true
    else factor *= at.factor ?? 1
    at = at.inputs.find(input => descends(input, end))
  }
  return { factor, silent }
}

const descends = (node: PassNode, from: PassNode): boolean =>
  node === from ||
  (node.event > from.event && node.inputs.length === 1 && descends(node.inputs[0], from))

/** What {@link followSignal} calls with the expected variance within channels; NaN where unknown. */
interface SignalListener {
  /** Before a converted convolution runs. */
  conv(conv: ConvertedConv2d, variance: number): void
  /** When an operator has run. */
  operator?(event: number, variance: () => number): void
  /** The last event of interest, behind the last converted convolution. */
  until?: number
}

/**
 * Follows the expected signal of `model`, in the limit of smooth images, as far as scales depend on it.
 *
 * @returns what could not be predicted
 */
function followSignal(model: nn.Module, input: Tensor, listener: SignalListener): string[] {
  const interpreter = new Interpreter(model, true)
  const varianceOf = (x: Tensor) => {
    const moments = interpreter.momentsOf(x)
    return moments ? statisticsOf(moments).variance : Number.NaN
  }
  const convs = model
    .modules()
    .filter((module): module is nn.AnyModule & ConvertedConv2d => module instanceof ConvertedConv2d)
  let ahead = convs.length
  const handles = convs.map(conv =>
    conv.registerForwardPreHook((_, [x]) => {
      ahead--
      listener.conv(conv, varianceOf(x))
    }),
  )
  const events = {
    enter: () => {},
    leave: () => {},
    operator(event: number, run: { operator: string; args: readonly unknown[]; result: unknown }) {
      // What only the head depends on is not asked for.
      if (ahead === 0 && event > (listener.until ?? 0)) return
      interpreter.record(run.operator, run.args, run.result)
      listener.operator?.(event, () => varianceOf(run.result as Tensor))
    },
  }
  try {
    undisturbed(model, () =>
      interpreter.run(input, () => followPass(model, events, passOf(model, input))),
    )
  } finally {
    for (const handle of handles) handle.remove()
  }
  return interpreter.notes
}

/** 1 / sqrt(variance); 1 where that is not known or nothing comes in. */
const inverseDeviation = (variance: number): number =>
  variance > 0 && Number.isFinite(variance) ? 1 / Math.sqrt(variance) : 1

/**
 * Sets gamma of every converted convolution to 1 / (expected deviation of its input), and the scale at
 * the end of every branch so that alpha^2 is added: what gates behind it take is made up for.
 *
 * @returns what could not be predicted
 */
export function setScales(
  model: nn.Module,
  input: Tensor,
  course: Course,
  alpha: number,
): string[] {
  const { branches } = course
  const conv = (module: ConvertedConv2d, variance: number) => {
    module.gamma = inverseDeviation(variance)
  }
  const byEvent = new Map(branches.map(branch => [branch.event, branch]))
  return withModelParameters(model, course.late, () => {
    const lost = new Map<Branch, number>()
    const operator = (event: number, variance: () => number) => {
      const branch = byEvent.get(event)
      if (branch) lost.set(branch, inverseDeviation(variance()))
    }
    followSignal(model, input, { conv, operator, until: Math.max(...byEvent.keys()) })
    for (const [{ ends, factor }, makeUp] of lost)
      for (const end of ends) end.scale = (alpha * makeUp) / Math.abs(factor)
    return followSignal(model, input, { conv })
  })
}

/** Below this, relative, a gain is not worth changing: draws of weights differ by as much. */
const NEGLIGIBLE = 0.02

/**
 * Multiplies gains so that every converted convolution reads unit variance with the parameters that
 * the model has, where `gamma` alone, which the architecture decides, leaves it off. Scalars that are
 * 0, which silence branches until they are trained, count as 1.
 */
export function correctGains(model: nn.Module, input: Tensor): void {
  const conv = (module: ConvertedConv2d, variance: number) => {
    const factor = inverseDeviation(variance) / module.gamma
    if (Math.abs(factor - 1) > NEGLIGIBLE) noGrad(() => void module.gain.mul_(factor))
  }
  const silencers = [...model.namedParameters()].filter(
    ([, parameter]) => parameter.numel === 1 && parameter.item() === 0,
  )
  const open = (_: string, parameter: nn.Parameter) => parameter.fill_(1)
  restoring(silencers, open, () => followSignal(model, input, { conv }))
}

/** The variance that each converted convolution is expected to read, with parameters as they are. */
export function expectedInputs(
  model: nn.Module,
  inputShape: readonly number[],
): ReadonlyMap<ConvertedConv2d, number> {
  const variances = new Map<ConvertedConv2d, number>()
  if (!model.modules().some(module => module instanceof ConvertedConv2d)) return variances
  const conv = (module: ConvertedConv2d, variance: number) => void variances.set(module, variance)
  followSignal(model, emptyBatch(model, inputShape), { conv })
  return variances
}

/**
 * Runs `work` with parameters that the architecture alone decides: kernels and matrices drawn with
 * variance 1 / fan-in from a stream of their own, biases 0, everything else 1. Those of `late` modules
 * stay: nothing depends on them.
 */
function withModelParameters<T>(model: nn.Module, late: ReadonlySet<string>, work: () => T): T {
  const generator = new Generator().manualSeed(0)
  const isEarly = (name: string) => !late.has(name.slice(0, Math.max(0, name.lastIndexOf('.'))))
  const early = [...model.namedParameters()].filter(([name]) => isEarly(name))
  try {
    return restoring(early, (name, parameter) => draw(name, parameter, generator), work)
  } finally {
    generator.dispose()
  }
}

function draw(name: string, parameter: nn.Parameter, generator: Generator): void {
  const fanIn = parameter.numel / Math.max(1, parameter.shape[0] ?? 1)
  if (name.endsWith('bias')) parameter.zero_()
  else if (parameter.dim < 2 || fanIn === 1) parameter.fill_(1)
  else parameter.copy_(randn(parameter.shape, { generator }).div(Math.sqrt(fanIn)))
}

/** Changes parameters for the time of `work`. */
function restoring<T>(
  parameters: readonly (readonly [name: string, parameter: nn.Parameter])[],
  change: (name: string, parameter: nn.Parameter) => void,
  work: () => T,
): T {
  const saved = parameters.map(([, parameter]) => parameter.detach().clone())
  try {
    noGrad(() => {
      for (const [name, parameter] of parameters) tidy(() => change(name, parameter))
    })
    return work()
  } finally {
    noGrad(() => {
      parameters.forEach(([, parameter], i) => {
        parameter.copy_(saved[i])
        saved[i].dispose()
      })
    })
  }
}
