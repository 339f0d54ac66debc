// What is watched while a run goes on, and what is done when it goes wrong.
import { z } from 'zod'
import { rollback } from './checkpoint.ts'

/** The block `watch` of a run's configuration. */
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
    .describe('Go back to the last checkpoint when the run diverges. Default: the run ends.'),
})
