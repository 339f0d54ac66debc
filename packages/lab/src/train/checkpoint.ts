// One saved state of a run as one safetensors file: tensors under dotted names, everything else as
// JSON in the metadata, and a digest of both, so that no flipped bit is trained on. The file appears
// whole or not at all. What the state means is for state.ts.
import { createHash } from 'node:crypto'
import type { Json } from '@normfree/runs'
import {
  loadSafetensors,
  readSafetensorsMetadata,
  saveSafetensors,
  type Tensor,
} from '@normfree/torch'
import { z } from 'zod'
import { pack, type StateTree, unpack } from './checkpoint-tree.ts'
import { CheckpointError, DamagedCheckpointError } from './errors.ts'

/** Written into every file; another one is refused. */
const FORMAT = 'normfree checkpoint 1'

const count = () => z.int().min(0)

const progress = z.strictObject({
  step: count().describe('Steps done.'),
  epoch: z.int().min(1).describe('The epoch under way, from 1; beyond the last when all are done.'),
  totals: z
    .strictObject({
      loss: z.number().describe('Sum over the steps.'),
      correct: z.number().describe("The task's score, summed over the images."),
      images: count(),
      steps: count(),
      seconds: z.number().min(0).describe('Of training alone.'),
      waited: z.number().min(0).describe('Seconds of those in which there was no batch yet.'),
      skipped: count().describe('Images left out because they did not decode.'),
    })
    .describe('Of the epoch under way.'),
  score: z.number().nullable().describe('The test score of the last whole epoch.'),
  rollbacks: count().describe('How often the run went back because it diverged.'),
  returnedTo: count().nullable().describe('The step that the last return went to.'),
  lrScale: z.number().gt(0).describe('Factor of the rate, lowered by every return.'),
})

/** How far a run is. */
export type Progress = z.output<typeof progress>

const header = z.strictObject({
  progress,
  seconds: z.number().min(0).describe('What the run has taken so far.'),
  metrics: z.strictObject({ bytes: count(), lines: count() }),
  precision: z.string().min(1).describe('What `precision: auto` stood for.'),
  config: z.record(z.string(), z.unknown()),
})

/** All of a checkpoint but the state of its parts. */
export type CheckpointHeader = z.output<typeof header>

/** A state from which a run goes on. */
export interface Checkpoint extends CheckpointHeader {
  /** State dicts by the name of what they belong to. */
  readonly parts: { readonly [part: string]: StateTree }
}

/** What `saveSafetensors` does; tests let it fail. */
export type Write = typeof saveSafetensors

/** Writes `checkpoint` to `path`, atomically. */
export function writeCheckpoint(
  path: string,
  { parts, ...header }: Checkpoint,
  write: Write = saveSafetensors,
): void {
  const tensors = new Map<string, Tensor>()
  const packed = Object.entries(parts).map(([part, tree]) => [part, pack(tree, part, tensors)])
  const state = JSON.stringify({ ...header, parts: Object.fromEntries(packed) })
  write(path, tensors, { format: FORMAT, state, digest: digestOf(tensors, state) })
}

/**
 * Reads a checkpoint, and every byte of it.
 *
 * @throws DamagedCheckpointError naming the file and what is wrong with it.
 */
export function readCheckpoint(path: string): Checkpoint {
  return refusing(path, () => {
    const { state, json } = stateOf(path)
    const tensors = loadSafetensors(path)
    if (readSafetensorsMetadata(path).get('digest') !== digestOf(tensors, state))
      throw new CheckpointError('Expected the content that was written but received other.')
    const { parts, ...rest } = json
    const trees = unpack(parts ?? {}, tensors) as Checkpoint['parts']
    return { ...header.parse(rest), parts: trees }
  })
}

/**
 * What a checkpoint says of itself, without its tensors and without proof that they are whole.
 *
 * @throws DamagedCheckpointError as readCheckpoint does.
 */
export function readCheckpointHeader(path: string): CheckpointHeader {
  return refusing(path, () => {
    const { parts: _, ...rest } = stateOf(path).json
    return header.parse(rest)
  })
}

function stateOf(path: string): { state: string; json: { [key: string]: Json } } {
  const metadata = readSafetensorsMetadata(path)
  const [format, state] = [metadata.get('format'), metadata.get('state')]
  if (format !== FORMAT || state === undefined)
    throw new CheckpointError(
      `Expected ${JSON.stringify(FORMAT)} but received ${JSON.stringify(format ?? 'no format')}.`,
    )
  return { state, json: JSON.parse(state) }
}

/** Whatever goes wrong with a file, of a stranger perhaps, is one error that names it. */
function refusing<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const cause = error instanceof z.ZodError ? new CheckpointError(z.prettifyError(error)) : error
    throw new DamagedCheckpointError(path, cause)
  }
}

function digestOf(tensors: ReadonlyMap<string, Tensor>, state: string): string {
  const hash = createHash('sha256').update(state)
  for (const [name, tensor] of tensors) {
    hash.update(JSON.stringify([name, tensor.dtype, tensor.shape]))
    hash.update(bytesOf(tensor))
  }
  return hash.digest('hex')
}

/** The elements row by row, whatever the memory format. */
const bytesOf = (tensor: Tensor): Uint8Array =>
  tensor.detach().to('cpu').contiguous().reshape([-1]).view('uint8').data() as Uint8Array
