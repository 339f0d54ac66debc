// The errors this package throws. Those caused by the caller carry exit code 2, which the command
// line passes on; messages say what was expected, what came, and how to mend it.

/** A value of the wrong kind or range, given by the caller. */
export class ArgumentError extends TypeError {
  override name = 'ArgumentError'
  readonly exitCode = 2
}

/** Shapes that do not fit together. */
export class ShapeError extends ArgumentError {
  override name = 'ShapeError'
}

/** A file that is not of the format it should be, is damaged, or holds what is refused. */
export class FileFormatError extends ArgumentError {
  override name = 'FileFormatError'

  constructor(path: string, expected: string, received: string, options?: ErrorOptions) {
    super(`Expected ${expected} but received ${received} (${path}).`, options)
  }
}

/** A safetensors file that is not one, or is damaged. */
export class SafetensorsError extends FileFormatError {
  override name = 'SafetensorsError'
}

/** No usable LibTorch, or an addon that does not load. */
export class EngineError extends Error {
  override name = 'EngineError'
  readonly exitCode = 2
}

/**
 * LibTorch refused an operator: the message names the operator, the arguments it was given (dtype
 * and shape) and LibTorch's own words; the stack is that of the JavaScript call.
 */
export class TorchError extends Error {
  override name = 'TorchError'
  readonly exitCode = 2
  /** `name.overload`, e.g. `add.Tensor`. */
  readonly operator: string

  constructor(operator: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.operator = operator
  }
}

/** There is not enough memory, on the host or on a device, for what was asked for. */
export class OutOfMemoryError extends TorchError {
  override name = 'OutOfMemoryError'
}

/** A tensor was used after its scope had ended or after `dispose()`. */
export class DisposedError extends Error {
  override name = 'DisposedError'
}

/**
 * Refuses the result of an async function where a scope or mode ends with the call: what comes after
 * its first `await` would run outside.
 */
export function refusePromise(result: unknown, name: string): void {
  if (result instanceof Promise)
    throw new ArgumentError(
      `Expected a synchronous \`${name}\` but received one that returns a promise. Await before the call.`,
    )
}
