// The settings of the update: `optimizer`, and what may be laid around it (`sam`, `lookahead`, `ema`).
// Defaults are those of torch.optim and timm, but SGD's, which are those of our recipes.
import { z } from 'zod'
import { count, factor, names, notNegative, positive } from './values.ts'

const group = z
  .strictObject({
    match: names()
      .min(1)
      .describe('Modules or parameters by name, wherever in the net: fc, head.fc, bias*.'),
    weightDecay: notNegative().optional().describe("In place of the optimizer's."),
    lrScale: notNegative()
      .max(1e4)
      .optional()
      .describe("Rate of these parameters over the run's; 0 freezes them."),
  })
  .refine(
    ({ weightDecay, lrScale }) => weightDecay !== undefined || lrScale !== undefined,
    'expected weightDecay, lrScale or both beside match. Add one or remove the group.',
  )

/** What every kind has; the defaults of `lr` and `weightDecay` are the kind's own. */
const common = (lr: number, weightDecay: number, decayed: string) => ({
  lr: positive().default(lr).describe('Peak learning rate, reached at the end of the warm-up.'),
  lrBatch: count()
    .max(65_536)
    .optional()
    .describe(
      'Images that lr is meant for: the rate is lr x batchSize / lrBatch. Default: lr as it is.',
    ),
  weightDecay: notNegative().max(100).default(weightDecay).describe(decayed),
  decay: z
    .enum(['kernels', 'timm', 'all'])
    .optional()
    .describe(
      'What decays. kernels (default): weights of 2 or more dimensions, no gains, biases, SkipInit; timm: all of 2 or more dimensions that are no bias, gains too; all: everything.',
    ),
  groups: z
    .array(group)
    .min(1)
    .max(100)
    .optional()
    .describe(
      "Parameters with settings of their own; of several groups the last decides. Default: Fixup's scalars at a tenth of the rate.",
    ),
})

const L2 = 'L2 penalty, added to the gradient of what decays.'
const DECOUPLED = 'What decays shrinks by rate x weightDecay at each step, apart from the gradient.'

const betas = () =>
  z
    .array(factor())
    .length(2)
    .default([0.9, 0.999])
    .describe('Decays of the averages of gradients and of their squares.')

const adam = (decayed: string, weightDecay: number, eps = 1e-8) => ({
  ...common(1e-3, weightDecay, decayed),
  betas: betas(),
  eps: positive().default(eps).describe('Added to the denominator.'),
})

/** The schema of `optimizer`. Without `kind` it is SGD. */
export const optimizer = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('sgd').optional().describe('Stochastic gradient descent with momentum.'),
    ...common(0.1, 5e-4, L2),
    momentum: factor().default(0.9).describe('Share of the last step that the next one keeps.'),
    nesterov: z.boolean().default(true).describe("Nesterov's form of momentum."),
  }),
  z.strictObject({
    kind: z.literal('adam').describe('Adam, with the decay as a penalty.'),
    ...adam(L2, 0),
  }),
  z.strictObject({
    kind: z.literal('adamw').describe('Adam with decoupled decay.'),
    ...adam(DECOUPLED, 0.01),
  }),
  z.strictObject({
    kind: z.literal('nadamw').describe("timm's AdamW with Nesterov momentum."),
    ...adam(DECOUPLED, 0.01),
  }),
  z.strictObject({
    kind: z.literal('lamb').describe('Adam whose steps are scaled to the size of each parameter.'),
    ...adam('Added to the step, times the parameter, before it is scaled.', 0.01, 1e-6),
    maxGradNorm: positive()
      .nullable()
      .default(1)
      .describe('All gradients together are scaled down to this norm; null leaves them.'),
  }),
  z.strictObject({
    kind: z.literal('rmsprop').describe('Gradients over the root of their mean square.'),
    ...common(0.01, 0, L2),
    alpha: factor().default(0.99).describe('Decay of the average of squares.'),
    momentum: factor().default(0).describe('Share of the last step that the next one keeps.'),
    eps: positive().default(1e-8).describe('Added to the root.'),
  }),
])

/** The schema of `ema`. */
export const ema = z.strictObject({
  decay: factor().default(0.9999).describe('Share of the average that stays at each step.'),
  warmup: z
    .boolean()
    .default(true)
    .describe('Start with a short memory: decay min(decay, (1 + i) / (10 + i)) at update i.'),
})

/** The schema of `sam`. */
export const sam = z.strictObject({
  rho: positive().max(10).default(0.05).describe('Length of the ascent, in units of the weights.'),
  fraction: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe('Share of each batch that the ascent looks at.'),
})

/** The schema of `lookahead`. */
export const lookahead = z.strictObject({
  k: count().max(100_000).default(6).describe('Steps between two of the slow weights.'),
  alpha: z.number().gt(0).max(1).default(0.5).describe('How far the slow weights move.'),
})
