// What a run is made of: every setting with its type, bounds, default and meaning. One object schema
// is the source of the types, the checks, the error messages and the documentation.
import { z } from 'zod'
import { augment } from './augment.ts'
import { checkpoint } from './checkpoint.ts'
import { clip } from './clip.ts'
import { ema, lookahead, optimizer, sam } from './optimizer.ts'
import { progressive, schedule } from './schedule.ts'
import { count, factor } from './values.ts'
import { watch } from './watch.ts'

const evaluation = z
  .strictObject({
    cropPct: z.number().gt(0).max(1).optional().describe('Share of each side that is kept.'),
    margin: z
      .int()
      .min(0)
      .max(1024)
      .optional()
      .describe('Pixels beyond the size that the image is resized to, in place of cropPct.'),
    cropMode: z
      .enum(['center', 'squash'])
      .optional()
      .describe('What is resized: the shorter side, or both sides whatever their ratio.'),
    interpolation: z.enum(['bicubic', 'bilinear']).optional().describe('Of the resizing.'),
  })
  .refine(
    ({ cropPct, margin }) => cropPct === undefined || margin === undefined,
    'expected cropPct or margin but received both. Remove one.',
  )

interface Related {
  epochs: number
  batchSize: number
  accumulate?: number | undefined
  schedule: { warmupEpochs: number }
  sam?: object | undefined
  lookahead?: object | undefined
  precision: string
}

/** What single settings allow but not together, with the key to complain of. */
function contradictions(config: Related): { key: keyof Related; message: string }[] {
  const { epochs, schedule, batchSize, accumulate = 1, sam, lookahead, precision } = config
  const { warmupEpochs } = schedule
  const rules: [boolean, keyof Related, string][] = [
    [
      warmupEpochs >= epochs,
      'epochs',
      `expected more than the ${warmupEpochs} of schedule.warmupEpochs but received ${epochs}. Train for longer or shorten the warm-up.`,
    ],
    [
      batchSize % accumulate !== 0,
      'accumulate',
      `expected a divisor of batchSize (${batchSize}) but received ${accumulate}. batchSize counts the images of one step, accumulate the parts that they are cut into.`,
    ],
    [
      sam !== undefined && lookahead !== undefined,
      'lookahead',
      'expected sam or lookahead but received both. Remove one.',
    ],
    [
      sam !== undefined && precision === 'float16',
      'precision',
      'expected float32 or bfloat16 with sam but received "float16". Choose one of them.',
    ],
  ]
  return rules.filter(([broken]) => broken).map(([, key, message]) => ({ key, message }))
}

/** The schema of one run's configuration. Unknown keys are errors; `model` alone has no default. */
export const runConfigSchema = z
  .strictObject({
    data: z
      .string()
      .min(1)
      .default('synthetic')
      .describe(
        'Data URI: synthetic, cifar10, cifar10:DIR, folder:PATH?size=PIXELS and others (loadData).',
      ),
    model: z.string().min(1).describe('Name of a model in the registry.'),
    modelOptions: z
      .record(z.string(), z.union([z.number(), z.string(), z.boolean()]))
      .optional()
      .describe('Options of the model, by the names of createModel: alpha, norm, c, ...'),
    epochs: count().max(100_000).default(15).describe('Passes over the training images.'),
    batchSize: count().max(65_536).default(128).describe('Images in one training step.'),
    accumulate: count()
      .max(65_536)
      .optional()
      .describe('Parts that each batch is cut into, to need less memory. Default 1.'),
    optimizer: optimizer.prefault({}).describe('How weights follow their gradients.'),
    schedule: schedule.prefault({}).describe('The learning rate over the run.'),
    ema: ema
      .optional()
      .describe('A moving average of the weights, tested beside them. Default: none.'),
    sam: sam.optional().describe('Sharpness-aware minimisation: two passes a step. Default: none.'),
    lookahead: lookahead
      .optional()
      .describe('Slow weights that the fast ones return to. Default: none.'),
    labelSmoothing: factor().default(0.1).describe('Share of the target spread over all classes.'),
    clip: clip.prefault({ kind: 'none' }).describe('Gradient clipping before the update.'),
    augment: augment.prefault({}).describe('Augmentation of the training images.'),
    progressive: progressive
      .optional()
      .describe(
        'Training resolutions of the first epochs; then, and in tests, images as they are.',
      ),
    evaluation: evaluation
      .optional()
      .describe("How photographs are cut for the test. Default: as the model's published weights."),
    workers: count()
      .max(256)
      .optional()
      .describe('Threads that prepare batches. Default: 1; half of the CPUs for photographs.'),
    checkpoint: checkpoint.prefault({}).describe('Saved states, from which the run can go on.'),
    watch: watch.optional().describe('What is watched, and done when the run goes wrong.'),
    precision: z
      .enum(['auto', 'float32', 'bfloat16', 'float16'])
      .default('auto')
      .describe(
        'Arithmetic of the forward pass; auto: bfloat16 where the CPU has it in hardware. float16 scales the loss, and is refused on the CPU.',
      ),
    seed: z
      .int()
      .min(0)
      .max(0xffff_ffff)
      .default(0)
      .describe('Seed of weights, order and augmentation.'),
  })
  .superRefine((config, context) => {
    for (const { key, message } of contradictions(config))
      context.addIssue({ code: 'custom', path: [key], message })
  })

/**
 * The complete configuration of one run, every default filled in.
 *
 * @interface
 */
export type RunConfig = z.output<typeof runConfigSchema>

/**
 * A run configuration as a user writes it: everything but `model` may be left out.
 *
 * @interface
 */
export type RunConfigInput = z.input<typeof runConfigSchema>

/** Gradient clipping: none, adaptive (AGC), by global norm, or by value. */
export type ClipConfig = RunConfig['clip']

/** Settings as they are laid over each other: nested or dotted keys, checked once merged. */
export type Settings = Readonly<Record<string, unknown>>
