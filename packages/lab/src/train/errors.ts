// What can go wrong while a run is trained.

/** A run that cannot start as it is configured. */
export class TrainError extends Error {
  override name = 'TrainError'
  readonly exitCode = 2
}

/** The loss or a gradient stopped being finite; thrown before the update, so the weights are whole. */
export class DivergedError extends Error {
  override name: string = 'DivergedError'
}

/** The signal collapsed while all numbers were still finite; thrown before the update. */
export class CollapseError extends DivergedError {
  override name = 'CollapseError'
}

/** A checkpoint that cannot be written, or is not one of the run that is to go on from it. */
export class CheckpointError extends Error {
  override name: string = 'CheckpointError'
  readonly exitCode = 2
}

/** A checkpoint whose content is not whole; one before it may be. */
export class DamagedCheckpointError extends CheckpointError {
  override name = 'DamagedCheckpointError'
  readonly path: string

  constructor(path: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    // Zod and LibTorch speak in several lines.
    const line = reason.replaceAll(/\s*\n\s*/g, ' ')
    super(`Expected a whole checkpoint but received a damaged one (${path}): ${line}`, { cause })
    this.path = path
  }
}
