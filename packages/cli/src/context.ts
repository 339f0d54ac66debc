// What a command may know of its surroundings: where to write, and whether anybody is watching.
// Results go to stdout; everything said on the way goes to stderr.
import type { CommandContext, StricliProcess } from '@stricli/core'

/** The part of Node's `process` that the command line uses. */
export interface HostProcess {
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A stream that may be a terminal. */
export type OutputStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean
  readonly columns?: number
}

/** The `this` of every command. */
export interface Context extends CommandContext {
  readonly process: StricliProcess
  /** The command line as it can be typed again. */
  readonly command: string
  /** Where progress is drawn. */
  readonly stderr: OutputStream
  /** Whether stdout is a terminal that may be coloured. */
  readonly color: boolean
  /** Width of stdout in characters. */
  readonly columns: number
  /** Writes a line of the result. */
  print(text: string): void
  /** Writes the result as the one JSON document of `--json`. */
  printJson(value: unknown): void
  /** Writes a remark that is no part of the result. */
  note(text: string): void
}

/** A context that writes to the streams of `host`. */
export function createContext(
  args: readonly string[],
  { stdout, stderr, env }: HostProcess,
): Context {
  const color = (stream: OutputStream) => stream.isTTY === true && !env.NO_COLOR
  const plainStream = (stream: OutputStream) => ({
    write: (text: string) => void stream.write(text),
    getColorDepth: () => (color(stream) ? 8 : 1),
  })
  return {
    process: { stdout: plainStream(stdout), stderr: plainStream(stderr), env },
    command: ['normfree', ...args].map(quote).join(' '),
    stderr,
    color: color(stdout),
    columns: stdout.columns ?? 100,
    print: text => void stdout.write(`${text}\n`),
    printJson: value => void stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    note: text => void stderr.write(`${text}\n`),
  }
}

/** An argument as a POSIX shell reads it back. */
function quote(argument: string): string {
  if (/^[\w@%+=:,./-]+$/.test(argument)) return argument
  return `'${argument.replaceAll("'", `'\\''`)}'`
}
