// How a failure is told: one line with cause and remedy (one for each issue of a configuration),
// never a stack unless it was asked for.
import {
  type ApplicationText,
  ArgumentScannerError,
  formatMessageForArgumentScannerError,
  text_en,
} from '@stricli/core'

/** An argument has the right form but cannot be used. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly exitCode = 2
}

/** The user stopped the command; what was finished is kept. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError'
  readonly exitCode = 130
}

/** The command did its work, and the outcome is not what was wanted. */
export class FailedError extends Error {
  override readonly name = 'FailedError'
  readonly exitCode = 1
}

/** The exit code that an error asks for; 1 when it asks for none. */
export function exitCodeOf(error: unknown): number {
  const code = (error as { exitCode?: unknown } | null)?.exitCode
  return typeof code === 'number' ? code : 1
}

/** `normfree: ` and the message, line by line; with the stack when `verbose`. */
export function formatError(error: unknown, verbose: boolean): string {
  const message = error instanceof Error ? error.message || error.name : String(error)
  const lines = message.split('\n').map(line => `normfree: ${line}`)
  const stack = verbose && error instanceof Error ? causes(error).map(({ stack }) => stack) : []
  return [...lines, ...stack].join('\n')
}

function causes(error: Error): Error[] {
  return [error, ...(error.cause instanceof Error ? causes(error.cause) : [])]
}

/** Stricli's texts with our form of error messages. */
export function createText(verbose: boolean): ApplicationText {
  const fail = (error: unknown) => formatError(error, verbose)
  return {
    ...text_en,
    noCommandRegisteredForInput: ({ input, corrections }) =>
      fail(new UsageError(`Unknown command \`${input}\`. ${hint(corrections)}`)),
    exceptionWhileParsingArguments: error =>
      error instanceof ArgumentScannerError
        ? fail(new UsageError(scannerMessage(error)))
        : fail(error),
    exceptionWhileLoadingCommandFunction: fail,
    exceptionWhileLoadingCommandContext: fail,
    exceptionWhileRunningCommand: fail,
    exceptionWhileRunningIntegrationFlag: ({ exception }) => fail(exception),
    exceptionWhileRunningIntegrationHook: ({ exception }) => fail(exception),
    commandErrorResult: fail,
  }
}

function scannerMessage(error: ArgumentScannerError): string {
  return formatMessageForArgumentScannerError(error, {
    ArgumentParseError: ({ externalFlagNameOrPlaceholder: flag, input, exception }) =>
      `Expected ${(exception as Error).message} for \`--${flag}\` but received ${JSON.stringify(input)}.`,
    EnumValidationError: ({ externalFlagName: flag, input, values }) =>
      `Expected ${values.join(' or ')} for \`--${flag}\` but received ${JSON.stringify(input)}.`,
    UnsatisfiedFlagError: ({ externalFlagName: flag }) =>
      `Expected a value for \`--${flag}\` but received none.`,
    UnsatisfiedPositionalError: ({ placeholder }) =>
      `Expected ${placeholder} but received none. See \`--help\`.`,
    UnexpectedPositionalError: ({ expectedCount, input }) =>
      `Expected at most ${expectedCount} argument(s) but received also ${JSON.stringify(input)}.`,
    UnexpectedFlagError: ({ externalFlagName: flag }) =>
      `Expected \`--${flag}\` once but received it again.`,
    FlagNotFoundError: ({ input, corrections }) =>
      `Unknown flag \`--${input}\`. ${hint(corrections.map(name => `\`--${name}\``))}`,
  })
}

function hint(corrections: readonly string[]): string {
  if (corrections.length === 0) return 'See `normfree --help`.'
  return `Did you mean ${corrections.join(' or ')}?`
}
