// The settings of the learning rate over the run.
import { z } from 'zod'
import { factor, notNegative, positive } from './values.ts'

const warmup = {
  warmupEpochs: notNegative().default(1).describe('Epochs of linear warm-up; need not be whole.'),
  warmupLr: notNegative().optional().describe('Rate that the warm-up starts from. Default 0.'),
}

/** What a function of the step alone has; `prefix` is the default of `warmupPrefix`. */
const byStep = (prefix: boolean) => ({
  ...warmup,
  warmupPrefix: z
    .boolean()
    .optional()
    .describe(
      `Whether the schedule begins where the warm-up ends; else with the run, and the warm-up overrides its start, as in timm. Default ${prefix}.`,
    ),
  perEpoch: perEpoch(),
})

const perEpoch = () =>
  z
    .boolean()
    .optional()
    .describe('Whether the rate changes between epochs only. Default false: at each step.')

const decay = {
  ...byStep(true),
  finalLr: notNegative().default(0).describe('Rate at the last step.'),
}

const gamma = () => factor().default(0.1).describe('What the rate is multiplied by.')

/** The schema of `schedule`. Without `kind` it is a cosine. */
export const schedule = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('cosine').optional().describe('Half a cosine down.'),
    ...decay,
  }),
  z.strictObject({ kind: z.literal('linear').describe('A straight line down.'), ...decay }),
  z.strictObject({
    kind: z.literal('polynomial').describe('(1 - progress) ^ power.'),
    ...decay,
    power: positive().default(0.5).describe("Exponent of what is left; 0.5 is timm's."),
  }),
  z.strictObject({
    kind: z.literal('tanh').describe("timm's: a hyperbolic tangent from -7 to 3, upside down."),
    ...decay,
  }),
  z.strictObject({
    kind: z.literal('step').describe('Multiplied after every so many epochs.'),
    ...byStep(false),
    everyEpochs: positive().default(30).describe('Epochs from one step to the next.'),
    gamma: gamma(),
  }),
  z.strictObject({
    kind: z.literal('multistep').describe('Multiplied at milestones.'),
    ...byStep(false),
    milestones: z
      .array(positive())
      .min(1)
      .max(1000)
      .describe('Epochs after which the rate is multiplied; need not be whole.'),
    gamma: gamma(),
  }),
  z.strictObject({
    kind: z.literal('plateau').describe('Multiplied when the test score stops to rise.'),
    ...warmup,
    gamma: gamma(),
    patience: z
      .int()
      .min(0)
      .default(10)
      .describe('Epochs without a better score that are let pass.'),
    threshold: factor()
      .default(1e-4)
      .describe('What counts as better, as a share of the best score.'),
    cooldown: z.int().min(0).default(0).describe('Epochs after a reduction that do not count.'),
    finalLr: notNegative().default(0).describe('The rate never falls below.'),
  }),
  z.strictObject({
    kind: z.literal('constant').describe('The same throughout.'),
    ...warmup,
    perEpoch: perEpoch(),
  }),
])

/** The schema of `progressive`. */
export const progressive = z
  .array(
    z.strictObject({
      until: z.number().gt(0).max(1).describe('Share of the epochs that have gone by at its end.'),
      resolution: z.int().min(4).max(2048).describe('Side of the training images, in pixels.'),
    }),
  )
  .min(1)
  .max(100)
  .refine(
    phases => phases.every(({ until }, i) => i === 0 || until > phases[i - 1]!.until),
    'expected a larger `until` in each phase than in the one before. Put them in order.',
  )
