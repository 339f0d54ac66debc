// Where a signal is looked at: at the stem, at the end of every residual branch, and behind every
// block. What is done there (measuring, predicting) is the listener's.
import { ArgumentError, type nn, type Tensor } from '@normfree/torch'
import { type BlockPosition, ResidualBlock } from '../models/residual-block.ts'
import { firstTensor } from './residual-sums.ts'
import { findStretches, type Stretch } from './structure.ts'
import { followPass, type ModuleCall, type OperatorRun } from './timeline.ts'

/** One block among those of a model. */
export interface TapPlace extends BlockPosition {
  /** From 1, in forward order; 0 is the stem. */
  index: number
  /** Dotted name of the block; `name#k` is the k-th sum, or call, of a module that has several. */
  name: string
}

/** What is added up at the end of a block. */
export interface TapSum {
  /** shortcut + branch, times their weights in the sum; it may be changed in place. */
  sum: Tensor
  /** The operands, before `alpha` of the addition multiplies the second. */
  shortcut: Tensor
  branch: Tensor
  /** By what the addition itself multiplies the branch, and the shortcut. */
  branchWeight: number
  shortcutWeight: number
}

/** What is called as a pass comes by. The tensors live no longer than the call. */
export interface TapListener {
  /** What goes into the first block. */
  stem(x: Tensor): void
  /** The end of a block's branch: before stochastic depth, SkipInit and alpha. Not called for layers. */
  branch(place: TapPlace, y: Tensor): void
  /** What a block puts out. */
  output(place: TapPlace, y: Tensor): void
  /** The sum of shortcut and branch, where there is one. Finding it takes a look ahead. */
  sum?(place: TapPlace, sum: TapSum): void
  /** Every operator inside the model's call, before the tap that it is. */
  operator?(operator: string, args: readonly unknown[], result: unknown, module: string): void
}

/** Options of {@link withTaps}. */
export interface TapOptions {
  /**
   * Names of the modules that are blocks, `*` standing for one part of a name: 'stages.*.*'. Default:
   * the residual blocks.
   */
  blocks?: string
}

/** The residual blocks of our own models in forward order, with their names. */
export const residualBlocks = (model: nn.AnyModule): [string, ResidualBlock][] =>
  [...model.namedModules()].filter(
    (entry): entry is [string, nn.AnyModule & ResidualBlock] => entry[1] instanceof ResidualBlock,
  )

/**
 * Runs `pass`, which calls `model`, and tells `listener` of every tap that it comes by.
 *
 * Blocks of models that are not ours are found by structure, in a look ahead that runs `pass` up to the
 * end of the model's call on two samples: a residual sum adds two tensors of one shape that descend
 * from one, the branch lying behind more weight layers; the block is the module that holds the sum.
 * Where several sums stand in one forward, the sums themselves are tapped (`name#1`, ...). A stage
 * begins where channels or sides change. A model without residual sums has a tap behind every
 * convolution and linear layer, and nothing is called a branch.
 *
 * @throws ArgumentError when the model has neither residual sums nor weight layers, when no module has
 * a name like `blocks`, and when the pass takes another course than the look ahead did.
 */
export function withTaps(
  model: nn.AnyModule,
  listener: TapListener,
  pass: () => void,
  options: TapOptions = {},
): void {
  const own = options.blocks === undefined ? residualBlocks(model) : []
  const follows = listener.sum !== undefined || listener.operator !== undefined
  if (own.length > 0 && !follows) withHooks(own, listener, pass)
  else withStretches(model, listener, pass, options.blocks ?? own)
}

/** Our own blocks say themselves where they are. */
function withHooks(
  blocks: readonly [string, ResidualBlock][],
  listener: TapListener,
  pass: () => void,
): void {
  const handles = blocks.flatMap(([name, block], i) => {
    const place = { index: i + 1, name, ...block.position }
    // What a hook returns replaces the tensor, and a listener may return anything.
    return [
      ...(i === 0 ? [block.registerForwardPreHook((_, [x]) => void listener.stem(x))] : []),
      block.residual.registerForwardHook((_, __, y) => void listener.branch(place, y)),
      block.registerForwardHook((_, __, y) => void listener.output(place, y)),
    ]
  })
  try {
    pass()
  } finally {
    for (const handle of handles) handle.remove()
  }
}

/** What is done at an event of the pass. */
type Action = (tensor: Tensor, args: readonly unknown[]) => void

function withStretches(
  model: nn.AnyModule,
  listener: TapListener,
  pass: () => void,
  blocks: readonly [string, ResidualBlock][] | string,
): void {
  const own = new Map(typeof blocks === 'string' ? [] : blocks)
  const names =
    typeof blocks === 'string'
      ? namesLike(model, blocks)
      : own.size > 0
        ? new Set(own.keys())
        : null
  const { stretches, course } = findStretches(model, names, pass)
  const places = placesOf(stretches).map(place => ({ ...place, ...own.get(place.name)?.position }))
  const plan = planned(stretches, places, listener)
  const act = (event: number, what: string, value: unknown, args: readonly unknown[]) => {
    if (course[event] !== what) throw otherCourse(model, course[event] || 'its end', what)
    for (const action of plan.get(event) ?? []) action(firstTensor(value) as Tensor, args)
  }
  const events = {
    enter: (event: number, { name }: ModuleCall, inputs: readonly unknown[]) =>
      act(event, name, inputs, inputs),
    leave: (event: number, { name }: ModuleCall, output: unknown) => act(event, name, output, []),
    operator(event: number, run: OperatorRun, calls: readonly ModuleCall[]) {
      const { operator, args, result } = run
      listener.operator?.(operator, args, result, calls[calls.length - 1].name)
      act(event, operator, result, args)
    },
  }
  followPass(model, events, pass)
}

const otherCourse = (model: nn.AnyModule, expected: string, received: string) =>
  new ArgumentError(
    `Expected every forward of ${model.constructor.name} to take the same course but received ${received} where an earlier one had ${expected}. Let it not depend on chance or on earlier calls.`,
  )

function namesLike(model: nn.AnyModule, pattern: string): Set<string> {
  const parts = pattern.split('.')
  const names = [...model.namedModules()].map(([name]) => name).slice(1)
  const alike = names.filter(name => {
    const own = name.split('.')
    return own.length === parts.length && parts.every((part, i) => part === '*' || part === own[i])
  })
  if (alike.length > 0) return new Set(alike)
  throw new ArgumentError(
    `Expected the names of modules, such as layer1.* or stages.*.*, for \`blocks\` but received ${JSON.stringify(pattern)}, which is like none of ${names.length}.`,
  )
}

/** A stage begins where the channels or sides are other ones than a block before. */
function placesOf(stretches: readonly Stretch[]): TapPlace[] {
  const begins = stretches.map(
    ({ shape }, i) => i > 0 && shape.slice(1).join() !== stretches[i - 1].shape.slice(1).join(),
  )
  let [stage, block] = [0, -1]
  return stretches.map(({ name }, i) => {
    ;[stage, block] = begins[i] ? [stage + 1, 0] : [stage, block + 1]
    const stageEnd = i === stretches.length - 1 || begins[i + 1]
    return { index: i + 1, name, stage, block, stageEnd, predictedVariance: null }
  })
}

/** The listener's calls by the event at which they are due. */
function planned(
  stretches: readonly Stretch[],
  places: readonly TapPlace[],
  listener: TapListener,
): Map<number, Action[]> {
  const plan = new Map<number, Action[]>()
  const at = (event: number, action: Action) =>
    plan.set(event, [...(plan.get(event) ?? []), action])
  at(Math.min(...stretches.map(({ start }) => start)), x => listener.stem(x))
  stretches.forEach(({ end, sum, layer }, i) => {
    const place = places[i]
    if (sum) {
      at(sum.branch, y => listener.branch(place, y))
      at(sum.event, (result, args) =>
        listener.sum?.(place, tapSum(sum.branchArgument, args, result)),
      )
    } else if (!layer) at(end, y => listener.branch(place, y))
    at(end, y => listener.output(place, y))
  })
  return plan
}

function tapSum(branchArgument: 0 | 1, args: readonly unknown[], sum: Tensor): TapSum {
  const [first, second, alpha] = args as [Tensor, Tensor, unknown]
  const weights = [1, typeof alpha === 'number' ? alpha : 1]
  return {
    sum,
    branch: branchArgument === 0 ? first : second,
    shortcut: branchArgument === 0 ? second : first,
    branchWeight: weights[branchArgument],
    shortcutWeight: weights[1 - branchArgument],
  }
}
