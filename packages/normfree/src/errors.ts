// Mistakes in what this package is asked for; all carry exit code 2 for the command line.
import { ArgumentError } from '@normfree/torch'

/** A model that the registry does not have; the message lists the nearest names. */
export class UnknownModelError extends ArgumentError {
  override name = 'UnknownModelError'
}

/** Weights that cannot be found, are damaged, or are of another model. */
export class WeightsError extends ArgumentError {
  override name = 'WeightsError'
}

/** An expression in x that cannot be read; the message says where. */
export class ExpressionError extends ArgumentError {
  override name = 'ExpressionError'
}
