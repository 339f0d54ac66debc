// How small images may be.
import { ArgumentError } from '@normfree/torch'
import { featureMap } from './features.ts'
import { outlined } from './outline.ts'
import { createModel } from './registry.ts'

/**
 * Refuses images whose `side` (in pixels) is smaller than what the strides of the registry's model
 * `name` divide it by: most nets would still run, on padding for the most part.
 *
 * @throws ArgumentError for such a side.
 */
export function checkResolution(name: string, side: number): void {
  const { reduction } = outlined(() => createModel(name), featureMap)
  if (side >= reduction) return
  throw new ArgumentError(
    `Expected at least ${reduction} pixels for \`resolution\`, by which the strides of ${name} divide the sides, but received ${side}.`,
  )
}
