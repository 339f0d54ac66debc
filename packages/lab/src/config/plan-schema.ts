// What a plan may say: its outline. The settings inside are checked once they are merged (plan.ts).
import { z } from 'zod'

const settings = z.record(z.string(), z.unknown())

const named = z.array(z.looseObject({ name: z.string().min(1).max(80) })).min(1)

/** The schema of a plan's outline. */
export const planSchema = z.strictObject({
  name: z.string().min(1).max(80).describe('Names the plan in reports and folders.'),
  base: settings.prefault({}).describe('Settings that all runs share.'),
  runs: named.optional().describe('Variants: a name each, and what differs from the base.'),
  grid: z
    .record(z.string(), z.array(z.unknown()).min(1))
    .refine(
      grid => Object.keys(grid).length > 0,
      'expected at least one key to vary. Remove `grid` or fill it.',
    )
    .optional()
    .describe('Dotted keys with lists of values; every combination is run.'),
  when: z
    .record(z.string(), settings)
    .optional()
    .describe('Keys of the grid with the settings beside which alone they vary.'),
  exclude: z
    .array(settings)
    .min(1)
    .optional()
    .describe('Combinations to leave out: those with all settings of one of these entries.'),
  include: named
    .optional()
    .describe('Variants beside the grid: a name each, and what differs from the base.'),
  seeds: z
    .array(z.int().min(0).max(0xffff_ffff))
    .min(1)
    .default([0])
    .describe('Each variant is run once with every seed.'),
})

/**
 * A plan: `runs` x `grid` over `base`, without `exclude`, with `include`; each with every one of `seeds`.
 *
 * @interface
 */
export type Plan = z.output<typeof planSchema>
