// The settings of gradient clipping.
import { z } from 'zod'
import { names, positive } from './values.ts'

/** The schema of `clip`. */
export const clip = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none').describe('Gradients are not clipped.') }),
  z.strictObject({
    kind: z.literal('agc').describe('Adaptive gradient clipping, unit by unit.'),
    factor: positive().default(0.01).describe('Largest ratio of gradient norm to weight norm.'),
    eps: positive().default(1e-3).describe('Floor of the weight norm, lets zeros start to grow.'),
    exclude: names()
      .default(['fc'])
      .describe(
        'Modules or parameters that are not clipped, by name, wherever in the net: fc is the classifier and its bias, as in timm; fc.weight its kernel alone, as in the NFNets.',
      ),
    reading: z
      .enum(['deepmind', 'timm'])
      .optional()
      .describe('The unit of a gain: the whole vector (deepmind, default) or each channel (timm).'),
  }),
  z.strictObject({
    kind: z.literal('norm').describe('Clipping by the global norm.'),
    max: positive().default(1).describe('Largest norm of all gradients together.'),
  }),
  z.strictObject({
    kind: z.literal('value').describe('Clipping element by element.'),
    max: positive().default(1).describe('Largest magnitude of one element of a gradient.'),
  }),
])
