// What is watched while a run trains, and what follows from an alarm.
import { z } from 'zod'

const rollback = z.strictObject({
  max: z.int().min(1).max(100).default(3).describe('Roll-backs before the run ends as diverged.'),
  lrFactor: z
    .number()
    .gt(0)
    .lt(1)
    .default(0.5)
    .describe('Factor on the learning rate from each roll-back on.'),
})

/** The schema of `watch`. */
export const watch = z.strictObject({
  signalEvery: z
    .int()
    .min(1)
    .optional()
    .describe(
      'Steps between two measurements of the signal, which raise an alarm when it collapses. Default: never.',
    ),
  rollback: rollback
    .optional()
    .describe('Goes back to the last checkpoint when the run diverges. Default: the run ends.'),
})
