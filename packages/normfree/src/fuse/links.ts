// Which layer feeds which, found by watching a model run: for folding one into the other. What a
// module's forward does between its layers stays unseen, so each finding is proven by a second run.
import { keep, nn, noGrad, type Tensor, tidy } from '@normfree/torch'
import { AvgPool2dSame } from '../layers/same-padding.ts'
import { ScaledActivation } from '../layers/scaled-activation.ts'
import { undisturbed, withHooks } from '../undisturbed.ts'

/** A layer with a weight whose first dimension is that of its outputs. */
export type LinearLayer = nn.Conv1d | nn.Conv2d | nn.Linear
export type BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d

export const isLinearLayer = (module: nn.AnyModule): module is LinearLayer & nn.AnyModule =>
  module instanceof nn.Conv1d || module instanceof nn.Conv2d || module instanceof nn.Linear
const isBatchNorm = (module: nn.AnyModule): module is BatchNorm & nn.AnyModule =>
  module instanceof nn.BatchNorm1d || module instanceof nn.BatchNorm2d

/** Everything that `producer` puts out goes into `consumers`, and nowhere else. */
export interface Link<P extends nn.AnyModule, C extends nn.AnyModule> {
  producer: P
  consumers: readonly C[]
}

export interface Links {
  /** Batch norms behind convolutions and linear layers. */
  norms: Link<LinearLayer, BatchNorm>[]
  /** Convolutions behind scaled activations, or behind average pools of these. */
  scales: Link<ScaledActivation, LinearLayer>[]
}

/**
 * Runs `model` in evaluation mode on `example` and finds what may be folded into what. The model is
 * as before afterwards, but for its mode.
 */
export function findLinks(model: nn.Module, example: Tensor): Links {
  model.eval()
  const trace = watch(model, example)
  const { inputs, result, norms, scales } = trace
  try {
    const proven = <P extends nn.AnyModule, C extends nn.AnyModule>(links: Link<P, C>[]) => {
      const holds = (some: Link<P, C>[]) => isExclusive(model, example, some, inputs, result)
      return holds(links) ? links : links.filter(link => holds([link]))
    }
    return { norms: proven(norms), scales: proven(scales) }
  } finally {
    for (const tensor of [...inputs.values(), result]) tensor.dispose()
  }
}

/** Copies of what each consumer was given, and of the result. */
interface Trace extends Links {
  inputs: Map<nn.AnyModule, Tensor>
  result: Tensor
}

function watch(model: nn.Module, example: Tensor): Trace {
  const inputs = new Map<nn.AnyModule, Tensor>()
  const calls = new Map<nn.AnyModule, number>()
  const producers = new Map<Tensor, nn.AnyModule>()
  const fed: [producer: nn.AnyModule, consumer: nn.AnyModule][] = []
  const handles = model.modules().flatMap(module => {
    if (!isLinearLayer(module) && !isBatchNorm(module) && !carriesScale(module)) return []
    return module.registerForwardHook((_, [x], y) => {
      const count = (calls.get(module) ?? 0) + 1
      calls.set(module, count)
      const producer = producers.get(x)
      if (isPool(module)) {
        if (producer instanceof ScaledActivation) producers.set(y, producer)
        return
      }
      producers.set(y, module)
      if (!producer || count > 1) return
      fed.push([producer, module])
      inputs.set(module, keep(x.clone()))
    })
  })
  const result = run(model, example, handles)
  const once = fed.filter(pair => pair.every(module => calls.get(module) === 1))
  return { inputs, result, norms: normsOf(once, inputs), scales: scalesOf(once) }
}

const isPool = (module: nn.AnyModule): boolean =>
  module instanceof nn.AvgPool2d || module instanceof AvgPool2dSame

const carriesScale = (module: nn.AnyModule): boolean =>
  module instanceof ScaledActivation || isPool(module)

type Fed = readonly (readonly [producer: nn.AnyModule, consumer: nn.AnyModule])[]

function normsOf(fed: Fed, inputs: Trace['inputs']): Links['norms'] {
  return fed.flatMap(([producer, consumer]) => {
    if (!isLinearLayer(producer) || !isBatchNorm(consumer)) return []
    // Behind a linear layer the features must be the norm's channels, not its positions.
    const aligned = !(producer instanceof nn.Linear) || inputs.get(consumer)?.dim === 2
    return aligned && consumer.runningMean ? [{ producer, consumers: [consumer] }] : []
  })
}

function scalesOf(fed: Fed): Links['scales'] {
  const consumers = new Map<ScaledActivation & nn.AnyModule, LinearLayer[]>()
  for (const [producer, consumer] of fed)
    if (producer instanceof ScaledActivation && isLinearLayer(consumer))
      consumers.set(producer, [...(consumers.get(producer) ?? []), consumer])
  return Array.from(consumers, ([producer, own]) => ({ producer, consumers: own }))
}

/**
 * Whether nothing but the consumers sees what the producers put out: these put out NaN, the consumers
 * are given what they were given before, and the result is the same bit by bit.
 */
function isExclusive(
  model: nn.Module,
  example: Tensor,
  links: readonly Link<nn.AnyModule, nn.AnyModule>[],
  inputs: Trace['inputs'],
  expected: Tensor,
): boolean {
  const handles = links.flatMap(({ producer, consumers }) => [
    producer.registerForwardHook((_, __, y: Tensor) => y.mul(Number.NaN)),
    ...consumers.map(consumer =>
      consumer.registerForwardPreHook(() => [inputs.get(consumer) as Tensor]),
    ),
  ])
  const result = run(model, example, handles)
  const same = result.equal(expected)
  result.dispose()
  return same
}

/** A copy of the result; hooks are removed. */
function run(model: nn.Module, example: Tensor, handles: readonly nn.RemovableHandle[]): Tensor {
  let result: Tensor | undefined
  const pass = () => {
    result = noGrad(() => tidy(() => keep(model(example).clone())))
  }
  // RescaleNet's biases count their first passes in evaluation too.
  withHooks(handles, () => undisturbed(model, pass))
  return result as Tensor
}
