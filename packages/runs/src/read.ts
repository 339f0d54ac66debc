// Run folders to RunRecords. Reading never writes: a run that is still going can be read any time.
import { type Dirent, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { RunRecordError } from './errors.ts'
import { isRun, readHeader } from './header.ts'
import { readMetrics } from './metrics.ts'
import type { MetricLine, RunRecord } from './types.ts'

/**
 * Reads the run folder `dir` as far as it is written.
 *
 * @throws RunRecordError where `dir` is no run folder, or a record is damaged or of another format.
 */
export function readRun(dir: string): RunRecord {
  const header = readHeader(dir)
  const lines = readMetrics(dir)
  const last = lines.at(-1)
  return {
    header,
    steps: lines.filter(isKind('step')),
    epochs: lines.filter(isKind('epoch')),
    signals: lines.filter(isKind('signal')),
    events: lines.filter(isKind('event')),
    end: last?.kind === 'end' ? last : null,
  }
}

/**
 * The run folders in `dir`, at any depth, sorted by path; `dir` itself where it is one.
 *
 * Folders without `run.json` are skipped, links are not followed, and a run is not searched.
 *
 * @throws RunRecordError where `dir` cannot be read.
 */
export function listRuns(dir: string): string[] {
  if (isRun(dir)) return [dir]
  return readFolder(dir)
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name)
    .sort()
    .flatMap(name => listRuns(join(dir, name)))
}

function isKind<K extends MetricLine['kind']>(kind: K) {
  return (line: MetricLine): line is Extract<MetricLine, { kind: K }> => line.kind === kind
}

function readFolder(dir: string): Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
  } catch (error) {
    throw new RunRecordError(
      `Expected a folder of runs but received ${dir}, which cannot be read. Name one that exists.`,
      { cause: error },
    )
  }
}
