// Indices in plain JavaScript, slowly: the model that Tensor.at and Tensor.set are held to.
import fc from 'fast-check'
import type { Index } from './indexing.ts'
import { slice } from './indexing.ts'

/** One index, as a tensor's and as the model takes it. */
export type ModelIndex =
  | { kind: 'integer'; at: number }
  | { kind: 'slice'; start: number | null; stop: number | null; step: number }
  | { kind: 'new' }
  | { kind: 'rest' }
  | { kind: 'positions'; positions: number[] }
  | { kind: 'mask'; mask: boolean[] }

export interface Model {
  shape: number[]
  flat: number[]
}

interface Axis {
  /** What each place along the axis adds to the place in memory. */
  offsets: number[]
  kept: boolean
}

export const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

export const modelOf = (shape: number[]): Model => ({
  shape,
  flat: Array.from({ length: product(shape) }, (_, i) => i),
})

/** Places that Python's `range(size)[start:stop:step]` gives. */
function rangeOf(size: number, start: number | null, stop: number | null, step: number): number[] {
  const clip = (value: number) => Math.min(size, Math.max(0, value < 0 ? value + size : value))
  const places: number[] = []
  for (let i = clip(start ?? 0); i < clip(stop ?? size); i += step) places.push(i)
  return places
}

export function modelAt({ shape, flat }: Model, indices: readonly ModelIndex[]): Model {
  const axes: Axis[] = []
  let dim = 0
  const consumed = indices.filter(({ kind }) => kind !== 'new' && kind !== 'rest').length
  const take = (places: number[], kept: boolean) => {
    const stride = product(shape.slice(dim + 1))
    axes.push({ offsets: places.map(place => place * stride), kept })
    dim++
  }
  const takeWhole = () => take([...Array(shape[dim]).keys()], true)
  for (const index of indices) {
    if (index.kind === 'new') axes.push({ offsets: [0], kept: true })
    else if (index.kind === 'rest') for (let n = shape.length - consumed; n > 0; n--) takeWhole()
    else if (index.kind === 'integer')
      take([index.at < 0 ? index.at + shape[dim] : index.at], false)
    else if (index.kind === 'slice')
      take(rangeOf(shape[dim], index.start, index.stop, index.step), true)
    else if (index.kind === 'positions')
      take(
        index.positions.map(p => (p < 0 ? p + shape[dim] : p)),
        true,
      )
    else
      take(
        index.mask.flatMap((on, i) => (on ? [i] : [])),
        true,
      )
  }
  while (dim < shape.length) takeWhole()
  const places = axes.reduce(
    (all, { offsets }) => all.flatMap(place => offsets.map(offset => place + offset)),
    [0],
  )
  return {
    shape: axes.filter(axis => axis.kept).map(axis => axis.offsets.length),
    flat: places.map(place => flat[place]),
  }
}

export const toIndex = (index: ModelIndex): Index => {
  if (index.kind === 'integer') return index.at
  if (index.kind === 'slice') return slice(index.start, index.stop, index.step)
  if (index.kind === 'positions') return index.positions
  if (index.kind === 'mask') return index.mask
  return index.kind === 'new' ? null : '...'
}

const end = fc.option(fc.integer({ min: -6, max: 6 }), { nil: null })

/** Any index of a dimension of `size`; an integer or positions only where there is something. */
const indexOf = (size: number, advanced: boolean): fc.Arbitrary<ModelIndex> => {
  const place = fc.integer({ min: -size, max: Math.max(-size, size - 1) })
  const choices: fc.Arbitrary<ModelIndex>[] = [
    fc.record({
      kind: fc.constant('slice' as const),
      start: end,
      stop: end,
      step: fc.integer({ min: 1, max: 3 }),
    }),
  ]
  if (size > 0) choices.push(place.map(at => ({ kind: 'integer', at })))
  if (advanced && size > 0) {
    choices.push(
      fc.array(place, { maxLength: 5 }).map(positions => ({ kind: 'positions', positions })),
      fc
        .array(fc.boolean(), { minLength: size, maxLength: size })
        .map(mask => ({ kind: 'mask', mask })),
    )
  }
  return fc.oneof(...choices)
}

/** A shape, and indices that fit it: at most one list of positions or mask among them. */
export const cases: fc.Arbitrary<{ shape: number[]; indices: ModelIndex[] }> = fc
  .array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 })
  .chain(shape =>
    fc
      .record({
        used: fc.integer({ min: 0, max: shape.length }),
        rest: fc.option(fc.integer({ min: 0, max: shape.length }), { nil: null }),
        advanced: fc.integer({ min: 0, max: 4 }),
        added: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 2 }),
      })
      .chain(({ used, rest, advanced, added }) => {
        // '...' stands for the dimensions that no index speaks of: indices behind it are the last's.
        const before = rest === null ? used : Math.min(rest, used)
        const sizes = [...shape.slice(0, before), ...shape.slice(shape.length - (used - before))]
        return fc.tuple(...sizes.map((size, i) => indexOf(size, i === advanced))).map(list => {
          const indices: ModelIndex[] = [...list]
          if (rest !== null) indices.splice(before, 0, { kind: 'rest' })
          for (const at of added) indices.splice(Math.min(at, indices.length), 0, { kind: 'new' })
          return { shape, indices }
        })
      }),
  )
