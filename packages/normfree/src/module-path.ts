// Which module of a model is running, for messages about what happens in a pass.
import {
  ArgumentError,
  type nn,
  OutOfMemoryError,
  ShapeError,
  type Tensor,
  TorchError,
} from '@normfree/torch'

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

/**
 * Runs `pass`, in which a model is called on `input`; what it cannot compute is thrown anew with the
 * module that it was in.
 *
 * @throws ArgumentError
 */
export function namingModule<T>(modules: ModulePath, input: Tensor, pass: () => T): T {
  try {
    return pass()
  } catch (error) {
    if (!isOfTheModel(error)) throw error
    throw new ArgumentError(
      `Expected a model that takes ${input.shape.slice(1).join(' x ')} images but it fails${inModule(modules.current)}: ${error.message}`,
      { cause: error },
    )
  }
}

/** What an operator refused, and slips in the model's own code; not what says itself what to mend. */
function isOfTheModel(error: unknown): error is Error {
  if (error instanceof ArgumentError) return error instanceof ShapeError
  if (error instanceof OutOfMemoryError) return false
  return (
    error instanceof TorchError || error instanceof TypeError || error instanceof ReferenceError
  )
}
