// The one error class of the data folder; its message is shown to the user as it is.

/** Data that the user named cannot be used; the message says what was wrong, where, and how to mend it. */
export class DataError extends Error {
  override readonly name = 'DataError'
  readonly exitCode = 2
}
