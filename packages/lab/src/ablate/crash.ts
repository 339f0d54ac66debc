// What is known of a run whose process died: the file ID.crash.log beside the run's folder, which is there
// from the crash until the run is begun again. The folder itself keeps what it has.
import { existsSync, rmSync } from 'node:fs'
import { writeFileAtomic } from '@normfree/runs'

/** How a process ended that did not say how its run did. */
export interface Death {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The log of a crash of the run in `dir`. */
export const crashLog = (dir: string): string => `${dir}.crash.log`

/** Whether the run in `dir` crashed when it was last begun. */
export const hasCrashed = (dir: string): boolean => existsSync(crashLog(dir))

/** Forgets the last crash. */
export const forgetCrash = (dir: string): void => rmSync(crashLog(dir), { force: true })

/** Keeps why a run crashed, and what its process wrote last. */
export function keepCrash(dir: string, reason: string, output: readonly string[]): void {
  try {
    writeFileAtomic(crashLog(dir), `${[new Date().toISOString(), reason, ...output].join('\n')}\n`)
  } catch {
    // A full disk may be the very reason, which is told anyway.
  }
}

/** Why a process died, in words, with what it wrote last. */
export function deathOf({ code, signal }: Death, output: readonly string[]): string {
  const memory = signal === 'SIGKILL' ? ', as the system does when memory runs out' : ''
  const ended = signal ? `killed by ${signal}${memory}` : `its process ended with exit code ${code}`
  const line = tellingLine(output)
  return line === undefined ? ended : `${ended}: ${line.trim()}`
}

/** How C++ and V8 say what happened, before they print where; otherwise the last line. */
const REASONS = [/^\s*what\(\):/, /^FATAL ERROR:/, /\S/]

const tellingLine = (output: readonly string[]) =>
  REASONS.map(reason => output.findLast(line => reason.test(line))).find(line => line !== undefined)
