// Learning-rate schedules as pure functions of the step: nothing to save, nothing to resume.
import { ArgumentError } from '../errors.ts'

/** The learning rate at an optimizer step, counted from 0. */
export type Schedule = (step: number) => number

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

/** `lr` times `gamma` for every milestone (a step) that has passed. */
export const multiStep =
  (lr: number, milestones: readonly number[], gamma = 0.1): Schedule =>
  step =>
    lr * gamma ** milestones.filter(milestone => step >= milestone).length
