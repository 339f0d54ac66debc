// Progress of a run on stderr: a bar where somebody is watching, a line for each epoch elsewhere.
import type { LoadOptions, RunOutcome, TrainEvent } from '@normfree/lab'
import { type Options, SingleBar } from 'cli-progress'
import type { Context } from './context.ts'
import { count, duration, percent } from './format.ts'

/** Shows what it hears; disposing of it leaves the terminal as it was, also after a failure. */
export interface Progress<Event> extends Disposable {
  onEvent(event: Event): void
}

/** The progress of one run, under the given label. */
export function trainProgress({ stderr, note }: Context, label: string): Progress<TrainEvent> {
  if (!stderr.isTTY) return lines(label, note)
  return bar(label, {
    open(total, done, payload, options) {
      const shown = new SingleBar({ ...barOptions(stderr), ...options })
      shown.start(total, done, payload)
      return shown
    },
    close: shown => shown.stop(),
    // The bar is drawn again below it.
    note: text => void stderr.write(`\r\x1b[K${text}\n`),
  })
}

/** A listener that shows how far the data is loaded, where somebody is watching. */
export function loadingProgress({ stderr }: Context): NonNullable<LoadOptions['onProgress']> {
  if (!stderr.isTTY) return () => {}
  let lastShown = 0
  return (done, total, what) => {
    const now = performance.now()
    const finished = done === total
    if (now - lastShown < 100 && !finished) return
    lastShown = now
    const share = total > 0 ? `${Math.floor((100 * done) / total)}%` : count(done)
    stderr.write(finished ? '\r\x1b[K' : `\r\x1b[K${what}: ${share}`)
  }
}

/** Where a bar is drawn: on its own, or among others. */
export interface BarPlace {
  open(total: number, done: number, payload: object, options?: Options): SingleBar
  close(bar: SingleBar): void
  note(text: string): void
}

/** A bar for the loading of data, then one for the run. */
export function bar(label: string, place: BarPlace): Progress<TrainEvent> {
  let shown: SingleBar | undefined
  let stepsPerEpoch = 1
  const close = () => {
    if (shown) place.close(shown)
    shown = undefined
  }
  const onEvent = (event: TrainEvent) => {
    if (event.kind === 'loading' && event.total > 0) {
      shown ??= place.open(event.total, event.done, { label, what: event.what }, LOADING)
      shown.setTotal(event.total)
      shown.update(event.done, { what: event.what })
    }
    if (event.kind === 'start') {
      close()
      stepsPerEpoch = event.stepsPerEpoch
      const epochs = Math.ceil(event.totalSteps / stepsPerEpoch)
      const unknown = { epoch: 1, loss: '-', accuracy: '-', test: '-', speed: '-' }
      shown = place.open(event.totalSteps, event.step, { label, epochs, ...unknown })
    }
    if (event.kind === 'note') place.note(`${label}: ${event.message}`)
    if (event.kind === 'step') shown?.update(event.step, stepPayload(event, stepsPerEpoch))
    if (event.kind === 'epoch') shown?.update({ test: percent(event.testAccuracy) })
    if (event.kind === 'end') close()
  }
  return { onEvent, [Symbol.dispose]: close }
}

const LOADING: Options = { format: '{label} {bar} {what}, {percentage}%' }

/** How bars look on a terminal. */
export function barOptions(stream: NodeJS.WritableStream): Options {
  return {
    format:
      '{label} {bar} epoch {epoch}/{epochs} | loss {loss} | accuracy {accuracy} (test {test}) | {speed} images/s | {eta_formatted} left',
    stream,
    barsize: 20,
    barCompleteChar: '=',
    barIncompleteChar: '-',
    clearOnComplete: true,
    hideCursor: true,
    etaBuffer: 50,
  }
}

function stepPayload(event: Extract<TrainEvent, { kind: 'step' }>, stepsPerEpoch: number) {
  return {
    epoch: Math.ceil(event.step / stepsPerEpoch),
    loss: event.loss.toFixed(3),
    accuracy: percent(event.accuracy),
    speed: count(event.imagesPerSecond),
  }
}

/** A line for the start of a run and for each epoch. */
export function lines(label: string, note: (text: string) => void): Progress<TrainEvent> {
  const started = performance.now()
  let epochs = 0
  let before = 0
  let step = 1
  const onEvent = (event: TrainEvent) => {
    if (event.kind === 'start') {
      epochs = Math.ceil(event.totalSteps / event.stepsPerEpoch)
      before = event.step / event.stepsPerEpoch
      step = 1 / event.stepsPerEpoch
      note(`${label}: ${event.model}, ${count(event.parameters)} parameters`)
    }
    if (event.kind === 'epoch') {
      const elapsed = (performance.now() - started) / 1000
      const perEpoch = elapsed / Math.max(event.epoch - before, step)
      note(`${label}: ${epochLine(event, epochs, perEpoch)}`)
    }
    if (event.kind === 'note') note(`${label}: ${event.message}`)
  }
  return { onEvent, [Symbol.dispose]: () => {} }
}

function epochLine(
  event: Extract<TrainEvent, { kind: 'epoch' }>,
  epochs: number,
  perEpoch: number,
): string {
  const left = perEpoch * (epochs - event.epoch)
  return [
    `epoch ${event.epoch}/${epochs}`,
    `loss ${event.trainLoss.toFixed(3)}`,
    `accuracy ${percent(event.trainAccuracy)}`,
    `test ${percent(event.testAccuracy)}`,
    ...(event.emaAccuracy === undefined ? [] : [`averaged ${percent(event.emaAccuracy)}`]),
    `${count(event.imagesPerSecond)} images/s`,
    ...(event.waitShare === undefined ? [] : [`${percent(event.waitShare)} waiting for data`]),
    ...(event.skipped ? [`${count(event.skipped)} images skipped`] : []),
    `${duration(left)} left`,
  ].join(', ')
}

/** How a run ended, in words: `diverged (why), test accuracy 10.00%`. */
export function outcome({ status, message, testAccuracy }: RunOutcome): string {
  const reason = message === undefined ? '' : ` (${message})`
  return `${status}${reason}, test accuracy ${percent(testAccuracy)}`
}
