// `metrics.jsonl`: appended line by line while a run goes on. A process killed at any point leaves
// whole lines and at most one torn tail, which readers ignore and the next writer cuts off.
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { RunRecordError } from './errors.ts'
import { readMetricLine } from './metric-line.ts'
import type { MetricLine } from './types.ts'

const METRICS_FILE = 'metrics.jsonl'
const NEWLINE = 0x0a

/** How far metrics were written: what lies beyond it can be cut off. */
export interface MetricsPosition {
  bytes: number
  lines: number
}

/** Appends to a run's metrics; {@link openMetrics} makes it. */
export interface MetricsWriter {
  /** Writes one line; non-finite numbers become null. */
  append(line: MetricLine): void
  /** Brings everything to the disk: the end of the last line. */
  position(): MetricsPosition
  /**
   * Cuts off all beyond `position`, which holds even after a power cut.
   *
   * @throws RunRecordError where no line ends there: the metrics are not those it was taken of.
   */
  cut(position: MetricsPosition): void
  /** Brings everything to the disk and closes the file; append() throws from then on. */
  close(): void
}

/**
 * Opens the metrics of the run in `dir` for appending, and cuts off a line torn by a crash.
 *
 * Every line is one write. All but step lines are flushed to the disk at once, so that a power cut
 * costs at most the epoch under way.
 */
export function openMetrics(dir: string): MetricsWriter {
  const file = join(dir, METRICS_FILE)
  let fd: number | null = openSync(file, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT)
  cutTornTail(fd)
  let lines = countLines(fd, fstatSync(fd).size)

  const close = () => {
    if (fd === null) return
    fsyncSync(fd)
    closeSync(fd)
    fd = null
  }
  const opened = () => {
    if (fd !== null) return fd
    throw new RunRecordError(`Expected an open record but received a closed one (${file}).`)
  }
  const append = (line: MetricLine) => {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
    if (writeLine(opened(), bytes, file) < bytes.length) {
      close() // what follows would be glued to the torn line
      throw new RunRecordError(`Only a part of a line could be written (${file}). Free disk space.`)
    }
    lines += 1
    if (line.kind !== 'step') fsyncSync(opened())
  }
  const position = () => {
    fsyncSync(opened())
    return { bytes: fstatSync(opened()).size, lines }
  }
  const cut = (to: MetricsPosition) => {
    const { size } = fstatSync(opened())
    const whole = to.bytes <= size && endOfLastLine(opened(), to.bytes) === to.bytes
    if (!whole || countLines(opened(), to.bytes) !== to.lines) {
      throw new RunRecordError(
        `Expected metrics with ${to.lines} lines in their first ${to.bytes} bytes but received others (${file}). ` +
          'They are not those that the checkpoint belongs to: put those back, or start afresh in another folder.',
      )
    }
    ftruncateSync(opened(), to.bytes)
    fsyncSync(opened())
    lines = to.lines
  }
  return { append, position, cut, close }
}

/**
 * The whole lines of a run's metrics, in order; none where nothing was written yet.
 *
 * @throws RunRecordError naming the file and the line where one is damaged.
 */
export function readMetrics(dir: string): MetricLine[] {
  const file = join(dir, METRICS_FILE)
  const lines = readIfThere(file).split('\n')
  lines.pop() // after the last newline: nothing, or a torn line
  return lines.map((line, index) => readMetricLine(line, `${file}:${index + 1}`))
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

function writeLine(fd: number, bytes: Buffer, file: string): number {
  try {
    return writeSync(fd, bytes)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    throw new RunRecordError(
      `Expected to append to ${file} but received ${code}. Free disk space, or mend the disk; the run can be resumed.`,
      { cause: error },
    )
  }
}

function cutTornTail(fd: number): void {
  const { size } = fstatSync(fd)
  const end = endOfLastLine(fd, size)
  if (end < size) ftruncateSync(fd, end)
}

function countLines(fd: number, end: number): number {
  const chunk = Buffer.alloc(64 * 1024)
  let lines = 0
  for (let at = 0; at < end; at += chunk.length) {
    const length = readSync(fd, chunk, 0, Math.min(chunk.length, end - at), at)
    for (const byte of chunk.subarray(0, length)) if (byte === NEWLINE) lines += 1
  }
  return lines
}

// Backwards in chunks: a long run's metrics are not read to find their last line.
function endOfLastLine(fd: number, size: number): number {
  const chunk = Buffer.alloc(64 * 1024)
  for (let end = size; end > 0; end -= chunk.length) {
    const start = Math.max(0, end - chunk.length)
    const length = readSync(fd, chunk, 0, end - start, start)
    const newline = chunk.subarray(0, length).lastIndexOf(NEWLINE)
    if (newline >= 0) return start + newline + 1
  }
  return 0
}
