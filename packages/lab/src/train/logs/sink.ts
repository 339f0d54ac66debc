// What a log beside the record is. Types only.
import type { MetricLine } from '@normfree/runs'

/** Takes a run's lines; neither method throws. */
export interface LogSink {
  append(line: MetricLine): void
  /** Resolves, after a bounded time, once all is written. */
  close(): Promise<void>
}
