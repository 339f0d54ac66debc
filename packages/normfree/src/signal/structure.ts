// Where the blocks of any module are, found from what one forward pass does: the residual sums, and
// the modules that hold them. A model without such sums is taken layer by layer.
import {
  ArgumentError,
  getRngState,
  type nn,
  noGrad,
  setRngState,
  Tensor,
  tidy,
} from '@normfree/torch'
import { undisturbed } from '../undisturbed.ts'
import {
  firstTensor,
  isMap,
  isWeightLayer,
  Lineage,
  type ResidualSum,
  residualSum,
} from './residual-sums.ts'
import { followPass, type ModuleCall, type OperatorRun } from './timeline.ts'

/** A stretch of the pass that is looked at as one block. Numbers are events of the pass. */
export interface Stretch {
  name: string
  /** Its input is what was made here. */
  start: number
  /** Its output is what was made here. */
  end: number
  /** (N, C, H, W) or (N, C) of the output. */
  shape: readonly number[]
  /** The sum of shortcut and branch; null for a block that is all branch, and for a layer. */
  sum: ResidualSum | null
  /** Whether it is one layer of a model without residual sums. */
  layer: boolean
}

/** What a look at a pass finds. */
export interface Structure {
  /** In the order of their outputs; at least one. */
  stretches: Stretch[]
  /** What each event of the pass was: a module's name or an operator's. */
  course: readonly string[]
}

interface FinishedCall extends ModuleCall {
  left: number
  /** Of the output; null where that is no tensor. */
  shape: readonly number[] | null
  layersBelow: number
}

interface Survey {
  course: string[]
  calls: FinishedCall[]
  sums: ResidualSum[]
  layers: { name: string; event: number; start: number; shape: readonly number[] }[]
}

/**
 * The blocks of `model` in the order of their outputs, from the first call of it in `pass`, which is
 * broken off behind that call. Its buffers and the random stream are as before afterwards.
 *
 * @param names of the modules that are blocks; null to find them
 *
 * @throws ArgumentError when the pass has neither residual sums nor weight layers.
 */
export function findStretches(
  model: nn.AnyModule,
  names: ReadonlySet<string> | null,
  pass: () => void,
): Structure {
  const survey = surveyed(model, pass)
  const found = names ? namedStretches(survey, names) : summedStretches(survey, model)
  const stretches = found.length > 0 || names ? found : layerStretches(survey)
  if (stretches.length === 0)
    throw new ArgumentError(
      `Expected a model with residual sums, convolutions or linear layers but ${model.constructor.name} has none.`,
    )
  return { stretches: numbered(stretches.sort((a, b) => a.end - b.end)), course: survey.course }
}

/** Ends a pass behind the model's call. */
class PassBrokenOff extends Error {
  override readonly name = 'PassBrokenOff'
}

/** Two samples tell as much of the structure as a whole batch, where the model takes them. */
function surveyed(model: nn.AnyModule, pass: () => void): Survey {
  const random = getRngState()
  const few = model.registerForwardPreHook((_, inputs) => fewSamples(inputs))
  try {
    return survey(model, pass)
  } catch {
    // Of models that count on their batch. What is wrong with another one comes up again.
    few.remove()
    return survey(model, pass)
  } finally {
    few.remove()
    setRngState(random)
    random.dispose()
  }
}

const fewSamples = (inputs: readonly unknown[]) =>
  inputs.map(input =>
    input instanceof Tensor && input.dim > 1 && input.shape[0] > 2 ? input.narrow(0, 0, 2) : input,
  )

function survey(model: nn.AnyModule, pass: () => void): Survey {
  const found: Survey = { course: [], calls: [], sums: [], layers: [] }
  const lineage = new Lineage()
  let layers = 0
  const layersBefore = new Map<ModuleCall, number>()
  const events = {
    enter(event: number, call: ModuleCall, inputs: readonly unknown[]) {
      found.course.push(call.name)
      layersBefore.set(call, layers)
      if (call.name === '') lineage.begin(event, inputs)
    },
    leave(event: number, call: ModuleCall, output: unknown) {
      found.course.push(call.name)
      const shape = output instanceof Tensor ? output.shape : null
      const layersBelow = layers - (layersBefore.get(call) as number)
      found.calls.push({ ...call, left: event, shape, layersBelow })
      if (call.name === '') throw new PassBrokenOff('The pass has been seen.')
    },
    operator(event: number, run: OperatorRun, calls: readonly ModuleCall[]) {
      const { operator, args, result } = run
      found.course.push(operator)
      const operands = lineage.operandsOf(operator, args)
      const origin = lineage.record(event, operator, args, result)
      const made = firstTensor(result)
      if (!origin || !made) return
      const sum = operands && residualSum(event, operands, made.shape, calls.slice())
      if (sum) found.sums.push(sum)
      if (!isWeightLayer(operator)) return
      layers++
      const start = Math.max(...origin.parents.map(parent => parent.event))
      if (isMap(made))
        found.layers.push({ name: calls[calls.length - 1].name, event, start, shape: made.shape })
    },
  }
  try {
    const look = () => noGrad(() => tidy(() => followPass(model, events, pass)))
    undisturbed(model, look)
  } catch (error) {
    if (!(error instanceof PassBrokenOff)) throw error
  }
  return found
}

/** The modules of these names, with the last sum of each. */
function namedStretches({ calls, sums }: Survey, names: ReadonlySet<string>): Stretch[] {
  const chosen = calls.filter(({ name, shape }) => names.has(name) && shape !== null)
  const inner = (call: FinishedCall, sum: ResidualSum) =>
    chosen.filter(each => holds(each, sum.event)).every(each => each.entered <= call.entered)
  return chosen.map(call => {
    const own = sums.filter(sum => holds(call, sum.event) && inner(call, sum))
    return ofCall(call, own[own.length - 1] ?? null)
  })
}

const holds = ({ entered, left }: FinishedCall, event: number): boolean =>
  entered < event && event < left

const ofCall = ({ name, entered, left, shape }: FinishedCall, sum: ResidualSum | null) => ({
  ...{ name, start: entered, end: left, shape: shape as readonly number[], sum, layer: false },
})

/**
 * The innermost module around each sum, where it holds no other and puts out what the sum became; the
 * sum itself where several stand in a row in one forward; and the modules beside them in numbered
 * lists that add nothing to their input.
 */
function summedStretches(survey: Survey, model: nn.AnyModule): Stretch[] {
  const byCall = grouped(survey.sums, sum => sum.calls[sum.calls.length - 1].entered)
  const stretches = [...byCall].flatMap(([entered, sums]) => {
    const call = survey.calls.find(each => each.entered === entered) as FinishedCall
    const outer = sums.filter(sum => !sums.some(other => spans(other, sum)))
    if (call.name !== '' && outer.length === 1 && isSame(call.shape, outer[0].shape))
      return [ofCall(call, outer[0])]
    const name = call.name || model.constructor.name
    return outer.map((sum, i) => ({
      ...{ name: `${name}#${i + 1}`, start: sum.fork, end: sum.event },
      ...{ shape: sum.shape, sum, layer: false },
    }))
  })
  return [...stretches, ...siblings(survey, stretches)]
}

const spans = (outer: ResidualSum, inner: ResidualSum) =>
  outer !== inner && outer.fork <= inner.fork && inner.event < outer.event

const isSame = (a: readonly number[] | null, b: readonly number[]) => a?.join() === b.join()

/** Blocks whose channels or strides let them have no shortcut, as an EfficientNet's first of a stage. */
function siblings({ calls }: Survey, found: readonly Stretch[]): Stretch[] {
  const list = (name: string) => name.replace(/\d+/g, '#')
  const lists = new Set(
    found
      .map(({ name }) => name)
      .filter(name => /\d/.test(name) && !/#/.test(name))
      .map(list),
  )
  return calls
    .filter(
      ({ name, shape, layersBelow }) => lists.has(list(name)) && shape !== null && layersBelow > 1,
    )
    .filter(call => !found.some(each => call.entered < each.end && each.start < call.left))
    .map(call => ofCall(call, null))
}

const layerStretches = ({ layers }: Survey): Stretch[] =>
  layers.map(({ name, event, start, shape }) => ({
    ...{ name, start, end: event, shape, sum: null, layer: true },
  }))

/** Numbers the calls of what is called more than once. */
function numbered(stretches: readonly Stretch[]): Stretch[] {
  const byName = grouped(stretches, ({ name }) => name)
  return stretches.map(each => {
    const calls = byName.get(each.name) as Stretch[]
    return calls.length > 1 ? { ...each, name: `${each.name}#${calls.indexOf(each) + 1}` } : each
  })
}

function grouped<K, T>(values: readonly T[], keyOf: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const value of values) {
    const key = keyOf(value)
    groups.set(key, [...(groups.get(key) ?? []), value])
  }
  return groups
}
