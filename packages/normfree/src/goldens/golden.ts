// A golden file: what a reference implementation computes from the weights and images of fill.ts.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ArgumentError } from '@normfree/torch'

/** One training step of the reference. */
export interface GoldenRun {
  batch: number
  /** Side of the images. */
  resolution: number
  /** First logits of each image. */
  logits: readonly (readonly number[])[]
  logitsNorm: number
  /** Cross-entropy with label smoothing 0.1. */
  loss: number
  /** By parameter. */
  gradNorm: Readonly<Record<string, number>>
  gradNormTotal: number
  /** Adaptive clipping of every parameter, factor 0.01, timm's units. */
  gradNormAfterAGC: number
  /** After one step of SGD on the clipped gradients. */
  lossAfterStep: number
  logitsNormAfterStep: number
  /** Signal at the end of each residual block, in forward order. */
  blocks: readonly {
    block: string
    channelSquaredMean: number
    channelVariance: number
  }[]
}

/** What a golden file holds; what the reference was not asked is missing. */
export interface Golden {
  model: string
  params: number
  /** Names and shapes, in order. */
  stateDict: readonly (readonly [name: string, shape: readonly number[]])[]
  /** Names of the trained ones, in order. */
  parameters: readonly string[]
  macs?: { resolution: number; value: number }
  run?: GoldenRun
}

/** A golden and the name of its file, without the ending. */
export interface NamedGolden {
  name: string
  golden: Golden
}

/**
 * The golden files (`*.json`) of a folder, by name.
 *
 * @throws ArgumentError when it is no folder, has none, or has one that is no golden.
 */
export function readGoldens(folder: string): NamedGolden[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new ArgumentError(
      `Expected a folder of golden files for \`DIR\` but received ${JSON.stringify(folder)}.`,
    )
  const files = readdirSync(folder).filter(file => file.endsWith('.json'))
  if (files.length === 0)
    throw new ArgumentError(
      `Expected golden files (*.json) in \`DIR\` but received ${folder}, which has none.`,
    )
  return files
    .sort()
    .map(file => ({ name: basename(file, '.json'), golden: readGolden(join(folder, file)) }))
}

function readGolden(file: string): Golden {
  const refuse = (reason: string) =>
    new ArgumentError(
      `Expected a golden file with model, params, stateDict and parameters but received ${file}: ${reason}.`,
    )
  let golden: Partial<Golden>
  try {
    golden = JSON.parse(readFileSync(file, 'utf8')) as Partial<Golden>
  } catch (error) {
    throw refuse((error as Error).message)
  }
  for (const key of ['model', 'params', 'stateDict', 'parameters'] as const)
    if (golden?.[key] === undefined) throw refuse(`it has no ${key}`)
  return golden as Golden
}
