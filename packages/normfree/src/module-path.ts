// Which module of a model is running, for messages about what happens in a pass.
import type { nn } from '@normfree/torch'

/** Keeps the name of the innermost module that runs, until it is removed. */
export class ModulePath {
  readonly #running: string[] = []
  readonly #handles: nn.RemovableHandle[]

  constructor(model: nn.AnyModule) {
    this.#handles = [...model.namedModules()].flatMap(([name, module]) => [
      module.registerForwardPreHook(() => {
        this.#running.push(name)
      }),
      module.registerForwardHook(() => {
        this.#running.pop()
      }),
    ])
  }

  /** Dotted name; '' for the model itself. */
  get current(): string {
    return this.#running.at(-1) ?? ''
  }

  remove(): void {
    for (const handle of this.#handles) handle.remove()
  }
}

/** ` in layer1.0.conv1`, for messages. */
export const inModule = (module: string): string =>
  module === '' ? ' in the model itself' : ` in ${module}`
