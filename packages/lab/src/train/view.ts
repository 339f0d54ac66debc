// How the photographs of a test split are seen: what the recipe says, else as the model's published
// weights want it.
import { preprocessingOf } from 'normfree'
import type { RunConfig } from '../config/schema.ts'
import type { View } from '../data/photos.ts'

/** Keeps the floor of size / cropPct from falling below the wanted side by rounding. */
const SLACK = 1 - 1e-9

/**
 * `margin` is the other way to say `cropPct`: the image is resized to `size + margin` and its middle kept.
 * With 32 and cropMode `center` that is DeepMind's `crop_resize`, with `squash` its `resize_crop_32`.
 */
export function viewOf({ model, evaluation = {} }: RunConfig, size: number): View {
  const { cropPct, cropMode, interpolation } = preprocessingOf(model)
  const { margin, ...given } = evaluation
  const ofMargin = margin === undefined ? {} : { cropPct: (size / (size + margin)) * SLACK }
  return { cropPct, cropMode, interpolation, ...ofMargin, ...given }
}
