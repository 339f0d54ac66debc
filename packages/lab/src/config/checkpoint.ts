// How often a run saves what it needs to go on, and what it keeps of that.
import { z } from 'zod'

const count = () => z.int().min(1).max(1_000_000)

/** The block `checkpoint` of a run's configuration; it changes nothing of what is computed. */
export const checkpoint = z.strictObject({
  every: count().default(1).describe('Epochs between two checkpoints; the last epoch has one too.'),
  everySteps: count().optional().describe('Steps between two checkpoints, within epochs too.'),
  keepLast: count().default(1).describe('How many of the newest are kept.'),
  keepBest: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(1)
    .describe("How many of those at epochs' ends are kept for their test score."),
})
