// Where operations were called from, noted while anomaly detection is on, so that a backward that
// fails can be traced to the line of its forward. The addon keeps a number for each operation.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { native } from './native.ts'

/** Whether callers are noted. Read by every call, hence a variable. */
export let tracing = false

const numbers = new Map<string, number>()
const PACKAGE = dirname(dirname(fileURLToPath(import.meta.url)))
/** Compiled, and as source maps call it. */
const OWN = [join(PACKAGE, 'dist/'), join(PACKAGE, 'src/')]
const INTERNAL = /\(node:|at node:|\(native\)|<anonymous>/

export function setTracing(wanted: boolean): void {
  tracing = wanted
}

/** Tells the addon that what is recorded from now on was called from here. */
export function noteCaller(): void {
  const place = callerStack()
  let number = numbers.get(place)
  if (number === undefined) {
    number = numbers.size + 1
    numbers.set(place, number)
  }
  native.noteCaller(number)
}

/** The frames, innermost first, of the operation whose backward failed last; undefined if unknown. */
export function takeBlame(): string | undefined {
  const number = native.takeBlame()
  for (const [place, known] of numbers) if (known === number) return place
  return undefined
}

/** The stack without this package's frames and Node's, one frame a line: `name (file:line:column)`. */
function callerStack(): string {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 64
  const frames = (new Error().stack ?? '').split('\n').slice(1)
  Error.stackTraceLimit = stackTraceLimit
  const own = (frame: string) =>
    OWN.some(folder => frame.includes(folder)) && !frame.includes('.test.')
  return frames
    .filter(frame => !own(frame) && !INTERNAL.test(frame))
    .map(frame => frame.trim().replace(/^at /, '').replaceAll('file://', ''))
    .slice(0, 10)
    .join('\n')
}
