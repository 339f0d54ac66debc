// Learning-rate schedules as pure functions of the step: nothing to save, nothing to resume.
import { ArgumentError } from '../errors.ts'

/** The learning rate at an optimizer step, counted from 0. */
export type Schedule = (step: number) => number

/** Options of {@link warmupCosine}. */
export interface WarmupCosineOptions {
  /** Rate at the end of the warm-up. */
  lr: number
  /** Steps in all, warm-up included. */
  totalSteps: number
  /** May be fractional (5 epochs of 1251.2 steps). Default 0. */
  warmupSteps?: number
  /** Rate at step 0 when there is a warm-up. Default 0. */
  startLr?: number
  /** Rate at the last step. Default 0. */
  finalLr?: number
}

/**
 * Linear from startLr to lr over the warm-up, then half a cosine down to finalLr at totalSteps:
 * finalLr + (lr - finalLr) (1 + cos(pi (t - w) / (T - w))) / 2. The schedule of the NF-ResNet and
 * NFNet experiments (deepmind-research/nfnets).
 */
export function warmupCosine(options: WarmupCosineOptions): Schedule {
  const { lr, totalSteps, warmupSteps = 0, startLr = 0, finalLr = 0 } = options
  if (!(totalSteps > warmupSteps))
    throw new ArgumentError(
      `Expected more steps in all than in the warm-up but received ${totalSteps} and ${warmupSteps}.`,
    )
  return step => {
    if (step < warmupSteps) return startLr + ((lr - startLr) * step) / warmupSteps
    const progress = Math.min(1, (step - warmupSteps) / (totalSteps - warmupSteps))
    return finalLr + ((lr - finalLr) * (1 + Math.cos(Math.PI * progress))) / 2
  }
}

/** `lr` times `gamma` for every milestone (a step) that has passed. Default gamma 0.1. */
export const multiStep =
  (lr: number, milestones: readonly number[], gamma = 0.1): Schedule =>
  step =>
    lr * gamma ** milestones.filter(milestone => step >= milestone).length

/** `lr` times `gamma` (default 0.1) after every `every` steps: PyTorch's StepLR. */
export function stepDecay(lr: number, every: number, gamma = 0.1): Schedule {
  checkLength('every', every)
  return step => lr * gamma ** Math.floor(step / every)
}

/** Always `lr`. */
export const constant =
  (lr: number): Schedule =>
  () =>
    lr

/** Where a decay starts and ends; `totalSteps` counts optimizer steps. */
export interface DecayOptions {
  /** Rate at step 0. */
  lr: number
  /** Steps until finalLr, which stays from there on. */
  totalSteps: number
  /** Default 0. */
  finalLr?: number
}

/** A schedule that falls from lr to finalLr as `shape` falls from 1 to 0 over the progress 0..1. */
function decay(
  { lr, totalSteps, finalLr = 0 }: DecayOptions,
  shape: (t: number) => number,
): Schedule {
  checkLength('totalSteps', totalSteps)
  return step => (step < totalSteps ? finalLr + (lr - finalLr) * shape(step / totalSteps) : finalLr)
}

/** A straight line from lr to finalLr. */
export const linear = (options: DecayOptions): Schedule => decay(options, t => 1 - t)

/**
 * finalLr + (lr - finalLr) (1 + cos(pi t / T)) / 2, with t counted from step 0. Under withWarmup
 * this is timm's cosine schedule, which jumps where the warm-up ends; warmupCosine does not.
 */
export const cosine = (options: DecayOptions): Schedule =>
  decay(options, t => (1 + Math.cos(Math.PI * t)) / 2)

/** Options of {@link polynomial}. */
export interface PolynomialOptions extends DecayOptions {
  /** Exponent of what is left. Default 0.5, timm's. */
  power?: number
  /** Exponent of the progress. Default 1. */
  k?: number
}

/** finalLr + (lr - finalLr) (1 - (t / T)^k)^power: timm's `poly`, and PyTorch's PolynomialLR. */
export function polynomial({ power = 0.5, k = 1, ...options }: PolynomialOptions): Schedule {
  return decay(options, t => (1 - t ** k) ** power)
}

/** Options of {@link tanhDecay}. */
export interface TanhOptions extends DecayOptions {
  /** Where on the curve to begin. Default -7. */
  from?: number
  /** Where to end. Default 3. */
  to?: number
}

/** finalLr + (lr - finalLr) (1 - tanh(from (1 - t / T) + to t / T)) / 2: timm's `tanh`. */
export function tanhDecay({ from = -7, to = 3, ...options }: TanhOptions): Schedule {
  return decay(options, t => (1 - Math.tanh(from * (1 - t) + to * t)) / 2)
}

/** Options of {@link withWarmup}. */
export interface WarmupOptions {
  /** Steps of warm-up; may be fractional. */
  steps: number
  /** Rate at step 0. Default 0. */
  startLr?: number
  /** Rate that the warm-up rises to. Default: that of the schedule at its step 0. */
  lr?: number
  /** The schedule begins after the warm-up, and is not overridden by it. Default false, as timm. */
  prefix?: boolean
}

/** A straight line from startLr over the first steps, before `schedule` or in place of its start. */
export function withWarmup(schedule: Schedule, options: WarmupOptions): Schedule {
  const { steps, startLr = 0, lr = schedule(0), prefix = false } = options
  if (!(steps >= 0))
    throw new ArgumentError(`Expected a number >= 0 for \`steps\` but received ${steps}.`)
  return step => {
    if (step < steps) return startLr + ((lr - startLr) * step) / steps
    return schedule(prefix ? step - steps : step)
  }
}

/** `schedule`, written in epochs, by steps: the rate changes between epochs only. */
export function perEpoch(schedule: Schedule, stepsPerEpoch: number): Schedule {
  checkLength('stepsPerEpoch', stepsPerEpoch)
  return step => schedule(Math.floor(step / stepsPerEpoch))
}

/** How {@link scaleLr} counts. */
export interface ScaleLrOptions {
  /** The batch size that `lr` is meant for. Default 256. */
  baseBatchSize?: number
  /** 'linear' (SGD) or 'sqrt' (adaptive optimizers). Default 'linear'. */
  rule?: 'linear' | 'sqrt'
}

/** `lr` for another batch size: times the ratio of the sizes, or times its square root. */
export function scaleLr(lr: number, batchSize: number, options: ScaleLrOptions = {}): number {
  const { baseBatchSize = 256, rule = 'linear' } = options
  checkLength('batchSize', batchSize)
  const ratio = batchSize / baseBatchSize
  return lr * (rule === 'sqrt' ? Math.sqrt(ratio) : ratio)
}

function checkLength(name: string, value: number): void {
  if (!(value > 0))
    throw new ArgumentError(`Expected a number > 0 for \`${name}\` but received ${value}.`)
}
