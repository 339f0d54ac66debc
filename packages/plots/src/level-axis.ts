// Axes of factors: a tick at every value that was run, logarithmic where the factor is. Values are
// put on the axis by `placeOf`, so that ticks need not be powers of ten.
import type { Level } from '@normfree/runs'
import { tick } from './numbers.ts'
import { indexAxis } from './panel.ts'

/** How the values of a factor are spaced. */
export type LevelScale = 'linear' | 'log'

/** Units of settings that have one. */
const UNITS: Readonly<Record<string, string>> = {
  batchSize: 'images',
  epochs: 'epochs',
  steps: 'steps',
  'schedule.warmupEpochs': 'epochs',
  'augment.crop': 'pixels',
}

/** `batchSize (images, log scale)`. */
export function axisName(key: string, scale: LevelScale = 'linear'): string {
  const notes = [UNITS[key] ?? [], scale === 'log' ? 'log scale' : []].flat()
  return notes.length > 0 ? `${key} (${notes.join(', ')})` : key
}

/** Where a value lies on its axis. */
export function placeOf(value: number, scale: LevelScale): number {
  return scale === 'log' ? Math.log10(value) : value
}

/** A level as text: numbers short, what is not set in words. */
export function levelText(level: Level): string {
  if (level === null) return 'not set'
  return typeof level === 'number' ? tick(level) : String(level)
}

const MOST_TICKS = 10

/** Where an axis has ticks: at each level, or where these are many, at round numbers among them. */
export function ticksOf(levels: readonly number[], scale: LevelScale): number[] {
  if (levels.length <= MOST_TICKS) return [...levels]
  const [low, high] = [Math.min(...levels), Math.max(...levels)]
  const inside = (value: number) => value >= low && value <= high
  if (scale === 'linear') {
    const step = 10 ** Math.floor(Math.log10(high - low))
    const first = Math.ceil(low / step)
    return Array.from({ length: 11 }, (_, index) => (first + index) * step).filter(inside)
  }
  const decades = Array.from({ length: 1 + Math.ceil(Math.log10(high / low)) }, (_, index) => {
    return 10 ** (Math.floor(Math.log10(low)) + index)
  })
  const round = decades.flatMap(decade => [decade, 2 * decade, 5 * decade]).filter(inside)
  return round.length <= MOST_TICKS ? round : decades.filter(inside)
}

/** A horizontal axis with ticks as {@link ticksOf} puts them. */
export function levelAxis(name: string, levels: readonly number[], scale: LevelScale) {
  const places = levels.map(level => placeOf(level, scale))
  const ticks = ticksOf(levels, scale).map(level => placeOf(level, scale))
  const [low, high] = [Math.min(...places), Math.max(...places)]
  const margin = 0.06 * (high - low || 1)
  const axis = indexAxis(name, 1)
  const textOf = (place: number) => tick(scale === 'log' ? 10 ** place : place)
  return {
    ...axis,
    min: low - margin,
    max: high + margin,
    axisTick: { ...axis.axisTick, customValues: ticks },
    axisLabel: { ...axis.axisLabel, customValues: ticks, formatter: textOf },
  }
}
