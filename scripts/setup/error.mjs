// The one error of the set-up: why a step failed, and what the user can do.

export class SetupError extends Error {
  /**
   * @param {{ cause: string, remedy: string, exitCode?: 1 | 2 }} why `exitCode` is 2 (the default)
   * where the machine lacks something, 1 where our own code does not build
   */
  constructor({ cause, remedy, exitCode = 2 }) {
    super(`${cause}\n${remedy}`)
    this.name = 'SetupError'
    this.exitCode = exitCode
  }
}
