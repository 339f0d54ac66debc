// The one error of this folder.

/** A plan cannot be carried out in the folder that was given for it. */
export class PlanError extends Error {
  override readonly name = 'PlanError'
  readonly exitCode = 2
}
