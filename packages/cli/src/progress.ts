// Progress of a run on stderr: a bar where somebody is watching, a line for each epoch elsewhere.
import type { LoadOptions, PlanEvent, RunSummary, TrainEvent } from '@normfree/lab'
import { type Options, SingleBar } from 'cli-progress'
import type { Context } from './context.ts'
import { count, duration, percent } from './format.ts'

/** Shows what it hears; disposing of it leaves the terminal as it was, also after a failure. */
export interface Progress<Event> extends Disposable {
  onEvent(event: Event): void
}

/** The progress of one run, under the given label. */
export function trainProgress({ stderr, note }: Context, label: string): Progress<TrainEvent> {
  return stderr.isTTY ? bar(stderr, label) : lines(label, note)
}

/** The progress of a plan: that of each run, and how it ended. */
export function planProgress(context: Context): Progress<PlanEvent> {
  let current: Progress<TrainEvent> | undefined
  const onEvent = (event: PlanEvent) => {
    const { name, seed, index, total } = event.run
    const label = `[${index + 1}/${total}] ${name}, seed ${seed}`
    if (event.kind === 'runStart') current = trainProgress(context, label)
    if (event.kind === 'runProgress') current?.onEvent(event.event)
    if (event.kind === 'runEnd') context.note(`${label}: ${outcome(event.summary)}`)
    if (event.kind === 'runReused') context.note(`${label}: kept, ${outcome(event.summary)}`)
  }
  return { onEvent, [Symbol.dispose]: () => current?.[Symbol.dispose]() }
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

function bar(stream: NodeJS.WritableStream, label: string): Progress<TrainEvent> {
  const shown = new SingleBar(barOptions(stream))
  let stepsPerEpoch = 1
  const onEvent = (event: TrainEvent) => {
    if (event.kind === 'start') {
      stepsPerEpoch = event.stepsPerEpoch
      const epochs = Math.ceil(event.totalSteps / stepsPerEpoch)
      const unknown = { epoch: 1, loss: '-', accuracy: '-', test: '-', speed: '-' }
      shown.start(event.totalSteps, 0, { label, epochs, ...unknown })
    }
    if (event.kind === 'step') shown.update(event.step, stepPayload(event, stepsPerEpoch))
    if (event.kind === 'epoch') shown.update({ test: percent(event.testAccuracy) })
    if (event.kind === 'end') shown.stop()
  }
  return { onEvent, [Symbol.dispose]: () => shown.stop() }
}

function barOptions(stream: NodeJS.WritableStream): Options {
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

function lines(label: string, note: (text: string) => void): Progress<TrainEvent> {
  const started = performance.now()
  let epochs = 0
  const onEvent = (event: TrainEvent) => {
    if (event.kind === 'start') {
      epochs = Math.ceil(event.totalSteps / event.stepsPerEpoch)
      note(`${label}: ${event.model}, ${count(event.parameters)} parameters`)
    }
    if (event.kind === 'epoch') {
      const elapsed = (performance.now() - started) / 1000
      note(`${label}: ${epochLine(event, epochs, elapsed)}`)
    }
  }
  return { onEvent, [Symbol.dispose]: () => {} }
}

function epochLine(
  event: Extract<TrainEvent, { kind: 'epoch' }>,
  epochs: number,
  elapsed: number,
): string {
  const left = (elapsed / event.epoch) * (epochs - event.epoch)
  return [
    `epoch ${event.epoch}/${epochs}`,
    `loss ${event.trainLoss.toFixed(3)}`,
    `accuracy ${percent(event.trainAccuracy)}`,
    `test ${percent(event.testAccuracy)}`,
    ...(event.emaAccuracy === undefined ? [] : [`averaged ${percent(event.emaAccuracy)}`]),
    `${count(event.imagesPerSecond)} images/s`,
    `${duration(left)} left`,
  ].join(', ')
}

/** How a run ended, in words: `diverged (why), test accuracy 10.00%`. */
export function outcome({ status, message, testAccuracy }: RunSummary): string {
  const reason = message === undefined ? '' : ` (${message})`
  return `${status}${reason}, test accuracy ${percent(testAccuracy)}`
}
