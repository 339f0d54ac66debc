// The one error of this package.

/**
 * A run record that is missing, damaged, of another format, or already there.
 *
 * The message names the file (and the line) and how to mend it. `exitCode` is 2: the command line
 * treats it as bad input.
 */
export class RunRecordError extends Error {
  override readonly name = 'RunRecordError'
  readonly exitCode = 2
}
