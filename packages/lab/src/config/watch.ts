// What is watched while a run goes on, and what is done when it goes wrong.
import { z } from 'zod'
import { rollback } from './checkpoint.ts'

/** The block `watch` of a run's configuration. */
export const watch = z.strictObject({
  rollback: rollback
    .optional()
    .describe('Go back to the last checkpoint when the run diverges. Default: the run ends.'),
})
