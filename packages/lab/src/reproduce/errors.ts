// The one error of this folder.

/** A claim was asked for that is not there, or that is not run here. */
export class ReproduceError extends Error {
  override readonly name = 'ReproduceError'
  readonly exitCode = 2
}
