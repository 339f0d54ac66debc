// The folder `checkpoints` of a run: a file for each step at which the state was saved, of which the
// newest and the best are kept.
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { RunConfig } from '../config/schema.ts'
import { type Checkpoint, readCheckpointHeader, type Write, writeCheckpoint } from './checkpoint.ts'
import { CheckpointError } from './errors.ts'

const FOLDER = 'checkpoints'
const NAME = /^step-(\d{8,})\.safetensors$/
/** What a killed process leaves of a file that it was writing. */
const DRAFT = /^step-\d+\.safetensors\..+\.tmp$/

const nameOf = (step: number): string => `step-${String(step).padStart(8, '0')}.safetensors`

/** The checkpoints of the run in `dir`, the newest first. */
export function listCheckpoints(dir: string): string[] {
  const steps = namesIn(dir).flatMap(name => {
    const match = NAME.exec(name)
    return match ? [Number(match[1])] : []
  })
  return steps.toSorted((a, b) => b - a).map(step => join(dir, FOLDER, nameOf(step)))
}

/**
 * Saves a checkpoint of the run in `dir`, and deletes those that need not be kept. When it cannot be
 * written, what was there before is as it was.
 *
 * @throws CheckpointError saying what stood in the way.
 */
export function saveCheckpoint(dir: string, checkpoint: Checkpoint, write?: Write): void {
  const path = join(dir, FOLDER, nameOf(checkpoint.progress.step))
  orSayWhy(path, () => {
    mkdirSync(dirname(path), { recursive: true })
    writeCheckpoint(path, checkpoint, write)
    const kept = toKeep(dir, checkpoint.config as RunConfig)
    for (const old of listCheckpoints(dir)) if (!kept.has(old)) rmSync(old)
  })
}

/**
 * Does `write`, which writes `path`.
 *
 * @throws CheckpointError saying what stood in the way.
 */
export function orSayWhy(path: string, write: () => void): void {
  try {
    write()
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new CheckpointError(
      `Expected to write ${path} but received ${code || message}. ${REMEDIES[code] ?? 'Mend that'}, then resume the run: its last checkpoint is whole.`,
      { cause: error },
    )
  }
}

/**
 * The newest `keepLast`, and of those at the end of an epoch the `keepBest` with the best score. A run
 * that may go back keeps two at least: the newest may hold what makes it diverge.
 */
function toKeep(dir: string, { checkpoint, watch }: RunConfig): Set<string> {
  const { keepLast, keepBest } = checkpoint
  const newest = watch?.rollback ? Math.max(2, keepLast) : keepLast
  const all = listCheckpoints(dir)
  // The sort is stable: of equal scores the newest counts.
  const scored = all
    .flatMap(path => {
      const score = scoreOf(path)
      return score === null ? [] : [{ path, score }]
    })
    .toSorted((a, b) => b.score - a.score)
  return new Set([...all.slice(0, newest), ...scored.slice(0, keepBest).map(({ path }) => path)])
}

/** The test score of the weights in a checkpoint; null within an epoch, and in a damaged one. */
function scoreOf(path: string): number | null {
  try {
    const { progress } = readCheckpointHeader(path)
    return progress.totals.steps === 0 ? progress.score : null
  } catch {
    return null
  }
}

/** Deletes the newest checkpoint of the run in `dir` where it is of step `step`, unless it is the only one. */
export function deleteNewest(dir: string, step: number): void {
  const [newest, ...older] = listCheckpoints(dir)
  if (newest && basename(newest) === nameOf(step) && older.length > 0) rmSync(newest)
}

/** Deletes what killed processes left half-written. Only for who holds the run's lock. */
export function deleteDrafts(dir: string): void {
  for (const name of namesIn(dir)) if (DRAFT.test(name)) rmSync(join(dir, FOLDER, name))
}

/** Takes a damaged checkpoint out of the way of the others, and deletes nothing. */
export const setDamagedAside = (path: string): void => renameSync(path, `${path}.damaged`)

function namesIn(dir: string): string[] {
  try {
    return readdirSync(join(dir, FOLDER))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space',
  EDQUOT: 'The quota is used up: free some space',
  EACCES: 'Make the folder writable',
  EPERM: 'Make the folder writable',
  EROFS: 'The disk is mounted read-only: make it writable',
}
