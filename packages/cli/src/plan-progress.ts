// Progress of a plan on stderr, where several runs may go on at a time: a bar for each, with what is said
// above them, where somebody is watching; whole lines elsewhere.
import type { PlanEvent, PlanStep, TrainEvent } from '@normfree/lab'
import { MultiBar } from 'cli-progress'
import type { Context } from './context.ts'
import { type BarPlace, bar, barOptions, lines, outcome, type Progress } from './progress.ts'

/** A run as it is called in messages: `[2/8] batch norm, seed 0`. */
export const labelOf = ({ name, seed, index, total }: PlanStep): string =>
  `[${index + 1}/${total}] ${name}, seed ${seed}`

/** The progress of a plan: that of each run, and how it ended. */
export function planProgress(context: Context): Progress<PlanEvent> {
  const board = context.stderr.isTTY ? barBoard(context) : lineBoard(context)
  const followed = new Map<string, Progress<TrainEvent>>()
  const onEvent = (event: PlanEvent) => {
    const { run } = event
    const label = labelOf(run)
    if (event.kind === 'runStart') followed.set(run.id, board.follow(label))
    if (event.kind === 'runProgress') followed.get(run.id)?.onEvent(event.event)
    if (event.kind === 'runEnd') {
      followed.get(run.id)?.[Symbol.dispose]()
      board.note(`${label}: ${outcome(event.summary)}`)
    }
    if (event.kind === 'runReused') board.note(`${label}: kept, ${outcome(event.summary)}`)
  }
  return { onEvent, [Symbol.dispose]: () => board[Symbol.dispose]() }
}

/** Where the runs of a plan are shown. */
interface Board extends Disposable {
  follow(label: string): Progress<TrainEvent>
  note(text: string): void
}

const lineBoard = ({ note }: Context): Board => ({
  follow: label => lines(label, note),
  note,
  [Symbol.dispose]: () => {},
})

function barBoard(context: Context): Board {
  // What is noted moves the bars down, so that they have to be drawn again even where nothing changed.
  // Ctrl-C takes them away, and none is there before the first run begins: then they are not active.
  const bars = new MultiBar({ ...barOptions(context.stderr), forceRedraw: true })
  const note = (text: string) => {
    if (!bars.isActive) return context.note(text)
    bars.log(`${text}\n`)
    bars.update()
  }
  const place: BarPlace = {
    open: (total, done, payload, options) => bars.create(total, done, payload, options),
    close: shown => {
      if (bars.isActive) bars.remove(shown)
    },
    note,
  }
  return { follow: label => bar(label, place), note, [Symbol.dispose]: () => bars.stop() }
}
