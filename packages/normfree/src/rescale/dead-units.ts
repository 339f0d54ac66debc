// Dead units: those that a rectifier puts out as 0 for every example and at every position, so that
// nothing is learned through them. And how many batches a re-parameterized bias must see before few
// are left, which a reviewer of RescaleNet asked for.
import { ArgumentError, type nn, noGrad, type Tensor, tidy } from '@normfree/torch'
import { AddBias } from '../layers/add-bias.ts'
import { isRectified } from '../signal/probes.ts'
import { silentChannels } from '../signal/statistics.ts'
import { followPass, type PassEvents } from '../signal/timeline.ts'
import { undisturbed } from '../undisturbed.ts'

/** The dead units behind one rectifier. */
export interface DeadUnits {
  /** From 0, in the order of the pass. */
  index: number
  /** Dotted name of the innermost module that called it; '' for the model itself. */
  name: string
  units: number
  dead: number
}

/**
 * Counts the dead units behind every rectifier (relu, relu6, hard swish, clamps; as a module or as a
 * function) that `model` calls: channels of (N, C) or (N, C, H, W) that are 0 in every one of
 * `examples` at every position. The model runs in evaluation mode, once a batch, and is as before
 * afterwards.
 *
 * @param examples batches of inputs; a unit is the less likely to be dead the more there are
 * @throws ArgumentError when there are no examples, or no rectifier is called.
 */
export function deadUnits(model: nn.Module, examples: readonly Tensor[]): DeadUnits[] {
  const places: { name: string; silent: boolean[] }[] = []
  undisturbed(model, () => {
    model.eval()
    for (const x of examples)
      for (const [i, { name, silent }] of silentUnits(model, x).entries()) {
        const before = places[i]?.silent ?? silent
        places[i] = { name, silent: silent.map((each, unit) => each && before[unit]) }
      }
  })
  if (places.length === 0)
    throw new ArgumentError(
      `Expected \`examples\` on which ${model.constructor.name} calls a rectifier (relu, ...) but it called none on ${examples.length} batch(es).`,
    )
  return places.map(({ name, silent }, index) => {
    return { index, name, units: silent.length, dead: silent.filter(Boolean).length }
  })
}

/** Which units of which rectifier are 0 throughout one batch. */
function silentUnits(model: nn.Module, x: Tensor): { name: string; silent: boolean[] }[] {
  const places: { name: string; silent: boolean[] }[] = []
  const events: PassEvents = {
    enter() {},
    leave() {},
    operator(_, { operator, result }, calls) {
      if (!isRectified(operator, result)) return
      const silent = Array.from(silentChannels(result).data() as Uint8Array, Boolean)
      places.push({ name: calls.at(-1)?.name ?? '', silent })
    },
  }
  noGrad(() => tidy(() => followPass(model, events, () => void model(x))))
  return places
}

/** One row of {@link deadUnitsByBatches}. */
export interface DeadUnitsByBatches {
  /** Batches that the means were taken over; with 0 there are no means. */
  batches: number
  units: number
  dead: number
  /** dead / units */
  fraction: number
}

/** What {@link deadUnitsByBatches} measures on. */
export interface DeadUnitsOptions {
  /** The i-th batch of inputs, from 0, that the means are taken over. */
  batch(i: number): Tensor
  /** The inputs that decide which unit is dead. */
  examples: readonly Tensor[]
  /** Numbers of batches to compare, rising. Default 1, 2, 4, 8, 16, 32, 64. */
  counts?: readonly number[]
}

const COUNTS = [1, 2, 4, 8, 16, 32, 64]

/**
 * The share of dead units against the number of batches that the means of the re-parameterized biases
 * (every {@link AddBias}) are taken over, all else equal: what the means are with 4 batches is what
 * they are after the first 4 of 64. Batches pass in training mode. The model is as before
 * afterwards.
 *
 * @throws ArgumentError when the model has no AddBias, or `counts` does not rise from 0 or more.
 */
export function deadUnitsByBatches(
  model: nn.Module,
  { batch, examples, counts = COUNTS }: DeadUnitsOptions,
): DeadUnitsByBatches[] {
  if (!counts.every((count, i) => Number.isInteger(count) && count > (counts[i - 1] ?? -1)))
    throw new ArgumentError(
      `Expected integers >= 0 that rise for \`counts\` but received [${counts.join(', ')}].`,
    )
  const layers = [...model.modules()].filter(module => module instanceof AddBias)
  if (layers.length === 0)
    throw new ArgumentError(
      `Expected a model with re-parameterized biases (AddBias) but ${model.constructor.name} has none.`,
    )
  const rows: DeadUnitsByBatches[] = []
  withBatches(layers, setBatches =>
    undisturbed(model, () => {
      model.train()
      restart(layers)
      let seen = 0
      for (const count of counts) {
        setBatches(Number.POSITIVE_INFINITY)
        for (; seen < count; seen++) noGrad(() => tidy(() => void model(batch(seen))))
        setBatches(count)
        rows.push({ batches: count, ...totalOf(deadUnits(model, examples)) })
      }
    }),
  )
  return rows
}

/** Forgets the means. */
const restart = (layers: readonly AddBias[]): void =>
  noGrad(() => {
    for (const { count, initMean } of layers) {
      count.zero_()
      initMean.zero_()
    }
  })

/** Runs `work`, which may set the number of batches, and sets it back. */
function withBatches(layers: readonly AddBias[], work: (set: (batches: number) => void) => void) {
  const before = layers.map(({ batches }) => batches)
  try {
    work(batches => {
      for (const layer of layers) layer.batches = batches
    })
  } finally {
    for (const [i, layer] of layers.entries()) layer.batches = before[i]
  }
}

function totalOf(places: readonly DeadUnits[]) {
  const sum = (of: (place: DeadUnits) => number) => places.reduce((total, at) => total + of(at), 0)
  const [units, dead] = [sum(at => at.units), sum(at => at.dead)]
  return { units, dead, fraction: dead / units }
}
