// One run of the command line: arguments in, exit code out. Touches no global of the process.
import { ExitCode, run } from '@stricli/core'
import { createApplication } from './application.ts'
import { createContext, type HostProcess } from './context.ts'

/**
 * Runs `normfree` with the given arguments.
 *
 * @param args - without the interpreter and the script
 * @param host - streams and environment, e.g. Node's `process`
 * @returns the exit code: 0, 1 for a failure, 2 for bad input, 130 when interrupted
 */
export async function runCommandLine(args: readonly string[], host: HostProcess): Promise<number> {
  const context = createContext(args, host)
  const application = createApplication({ verbose: args.includes('--verbose') })
  await run(application, args, context)
  return toExitCode(Number(context.process.exitCode ?? 0))
}

/** Stricli's own codes are negative: what could not be parsed is bad input, the rest is a failure. */
function toExitCode(code: number): number {
  if (code >= 0) return code
  const badInput = code === ExitCode.UnknownCommand || code === ExitCode.InvalidArgument
  return badInput ? 2 : 1
}
