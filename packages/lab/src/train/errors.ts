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
