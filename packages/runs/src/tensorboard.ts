// TensorBoard's event files, beside `metrics.jsonl`: the same numbers for `tensorboard --logdir`. The
// record stays metrics.jsonl; nothing here reads an event file back.
import { closeSync, fsyncSync, openSync, readdirSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { MetricsWriter } from './metrics.ts'
import { scalarsOf } from './scalars.ts'
import { restartEvent, scalarsEvent, versionEvent } from './tensorboard-event.ts'
import { tfRecord } from './tfrecord.ts'

/**
 * Opens a new event file in the run folder `dir`: `events.out.tfevents.SECONDS.HOST.PID`. Lines that
 * belong on no curve are passed over.
 *
 * A run that is resumed or rolled back writes steps again that were written before; each time the steps
 * go back, and at the start of each file, an event tells TensorBoard to forget what came after.
 */
export function openTensorBoard(dir: string): Pick<MetricsWriter, 'append' | 'close'> {
  const fd = openSync(join(dir, fileName(dir)), 'wx')
  let next = Number.POSITIVE_INFINITY // the least step that would not be going back
  const write = (event: Uint8Array) => void writeSync(fd, tfRecord(event))
  const now = () => Date.now() / 1000
  write(versionEvent(now()))
  return {
    append(line) {
      const scalars = scalarsOf(line)
      if (!scalars) return
      if (scalars.step < next) write(restartEvent(now(), scalars.step))
      next = scalars.step
      write(scalarsEvent(now(), scalars))
      if (line.kind === 'epoch') fsyncSync(fd)
    },
    close: () => closeSync(fd),
  }
}

const NAME = /^events\.out\.tfevents\.(\d+)\./

/** Later than the names of all that are there: TensorBoard reads a folder's files in their order. */
function fileName(dir: string): string {
  const seconds = readdirSync(dir).map(name => Number(NAME.exec(name)?.[1] ?? 0))
  const time = Math.max(Math.floor(Date.now() / 1000), ...seconds.map(taken => taken + 1))
  return `events.out.tfevents.${time}.${hostname()}.${process.pid}`
}
