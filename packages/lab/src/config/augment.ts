// The settings of augmentation: what `augment` in a recipe may say. Defaults of the parts that are off
// are those of the codes that they are named after.
import { z } from 'zod'

const share = () => z.number().min(0).max(1)
const positive = () => z.number().gt(0)

/** Two numbers, the first not above the second. */
const range = (item: z.ZodNumber) =>
  z
    .array(item)
    .length(2)
    .refine(
      ([least, greatest]) => greatest === undefined || least! <= greatest,
      'expected two numbers, the smaller one first. Swap them.',
    )

const resizedCrop = z
  .strictObject({
    area: range(z.number().gt(0).max(1))
      .default([0.08, 1])
      .describe("Least and greatest share of the image's area."),
    aspect: range(positive())
      .default([3 / 4, 4 / 3])
      .describe('Least and greatest width over height.'),
    interpolation: z
      .enum(['bilinear', 'bicubic', 'random'])
      .default('bicubic')
      .describe('How the window is resized; random: one of the two for each image, as timm.'),
  })
  .nullable()

const colorJitter = z.strictObject({
  brightness: z.number().min(0).default(0).describe('Factors from 1 - x to 1 + x.'),
  contrast: z.number().min(0).default(0).describe('Factors from 1 - x to 1 + x.'),
  saturation: z.number().min(0).default(0).describe('Factors from 1 - x to 1 + x.'),
  hue: z.number().min(0).max(0.5).default(0).describe('Turns from -x to x of the circle.'),
})

const layers = () => z.int().min(1).max(16).describe('Operations drawn for each image.')

const randAugment = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none').describe('No RandAugment.') }),
  z.strictObject({
    kind: z.literal('deepmind').describe('Sixteen operations of fixed magnitude, always applied.'),
    layers: layers().default(4),
    magnitude: z.number().min(0).max(30).default(5).describe('10 is the nominal greatest.'),
    afterMix: z.boolean().default(true).describe('Change mixed images, as the NFNets.'),
  }),
  z.strictObject({
    kind: z.literal('timm').describe('Fifteen operations of noisy magnitude.'),
    layers: layers().default(2),
    magnitude: z.number().min(0).max(10).default(9).describe('Mean magnitude.'),
    magnitudeStd: z.number().min(0).default(0.5).describe('Deviation of the magnitude.'),
    increasing: z.boolean().default(true).describe('A higher magnitude always changes more.'),
    probability: share().default(0.5).describe('Of each drawn operation.'),
  }),
])

const mix = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none').describe('Images stay apart.') }),
  z.strictObject({
    kind: z.literal('deepmind').describe('A partner and a share of its own for every image.'),
    method: z
      .enum(['mixup', 'cutmix', 'mixup_cutmix'])
      .default('mixup_cutmix')
      .describe('With both, half of each batch for each.'),
    alpha: positive().default(0.2).describe("Of the beta distribution of MixUp's share."),
  }),
  z.strictObject({
    kind: z.literal('timm').describe('The batch with itself reversed, one share for all.'),
    mixup: z.number().min(0).default(0.8).describe("MixUp's alpha; 0: none."),
    cutmix: z.number().min(0).default(0).describe("CutMix's alpha; 0: none."),
    probability: share().default(1).describe('Share of the batches that are mixed.'),
    switchProbability: share().default(0.5).describe("With both, share that is CutMix's."),
  }),
])

const erase = z.strictObject({
  probability: share().describe('Share of the images that lose a part; 0: none.'),
  area: range(share())
    .default([0.02, 1 / 3])
    .describe("Share of the image's area."),
  aspect: z.number().gt(0).max(1).default(0.3).describe('Least height over width.'),
  mode: z
    .enum(['const', 'rand', 'pixel'])
    .default('pixel')
    .describe('Zeros, one normal number a channel, or one each.'),
  count: z.int().min(1).max(100).default(1).describe('Rectangles in an image.'),
})

/** The schema of `augment`. */
export const augment = z.strictObject({
  crop: z
    .int()
    .min(0)
    .max(16)
    .default(4)
    .describe(
      'Pixels of zero padding of the random crop; 0: none. Not used with resizedCrop, nor for images with maps, whose window lies anywhere.',
    ),
  flip: z.boolean().default(true).describe('Mirror half of the images left to right.'),
  resizedCrop: resizedCrop
    .optional()
    .describe('A window of random area and shape, resized to the whole. Default null: none.'),
  scale: range(positive().max(16))
    .optional()
    .describe('Least and greatest factor on the sides of images with maps. Default: none.'),
  colorJitter: colorJitter.optional().describe('Random colours. Default: none.'),
  randAugment: randAugment.optional().describe('RandAugment, in two readings. Default: none.'),
  mix: mix.optional().describe('MixUp and CutMix, in two readings. Default: none.'),
  erase: erase.optional().describe('Random erasing. Default: none.'),
})
