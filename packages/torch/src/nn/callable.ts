// What makes `model(x)` possible: instances that are functions, whose call runs hooks and `forward`
// inside a scope, so that activations nobody returned are released when the call ends. Knows nothing
// of parameters.
import type { RemovableHandle } from '../callback.ts'
import { refusePromise } from '../errors.ts'
import type { Tensor } from '../tensor.ts'
import { Scope } from '../tensor-base.ts'
import { type BackwardHook, withBackwardHooks } from './backward-hook.ts'

/** Runs before forward; a returned array replaces the inputs. */
// biome-ignore lint/suspicious/noConfusingVoidType: a hook that only looks returns nothing
export type ForwardPreHook<M, In> = (module: M, inputs: In) => In | void
/** Runs after forward; a returned value other than undefined replaces the output. */
// biome-ignore lint/suspicious/noConfusingVoidType: as above
export type ForwardHook<M, In, Out> = (module: M, inputs: In, output: Out) => Out | void

const RUN: unique symbol = Symbol('run')

/** A class whose instances are functions: calling one runs its RUN method. */
class FunctionObject {
  constructor() {
    const self = (...inputs: unknown[]) =>
      (self as unknown as { [RUN](...inputs: unknown[]): unknown })[RUN](...inputs)
    // biome-ignore lint/correctness/noConstructorReturn: this is what makes `model(x)` possible
    return Object.setPrototypeOf(self, new.target.prototype)
  }
}

/** A function object with a `forward` and hooks around it. */
export abstract class Callable<
  In extends unknown[] = [Tensor],
  Out = Tensor,
> extends FunctionObject {
  // Keyed by registration, not by function: one hook may be registered twice and removed once.
  // Without their types: TypeScript compares private fields, and a Conv2d would be no Module.
  readonly #preHooks = new Map<RemovableHandle, ErasedHook>()
  readonly #hooks = new Map<RemovableHandle, ErasedHook>()
  readonly #backwardHooks = new Map<RemovableHandle, ErasedHook>()

  /** What the module computes. Call the module itself, which adds the scope and the hooks. */
  abstract forward(...inputs: In): Out

  /** @internal */
  [RUN](...inputs: In): Out {
    const scope = new Scope()
    let returned: Out | undefined
    try {
      returned = this.#run(inputs)
      refusePromise(returned, 'forward')
      return returned
    } finally {
      scope.end(returned)
    }
  }

  #run(inputs: In): Out {
    let given = inputs
    for (const hook of this.#preHooks.values())
      given = (hook(this as never, given as never) as In | undefined) || given
    let output = this.#forward(given)
    for (const hook of this.#hooks.values())
      output = (hook(this as never, given as never, output as never) as Out | undefined) || output
    return output
  }

  #forward(inputs: In): Out {
    if (this.#backwardHooks.size === 0) return this.forward(...inputs)
    const hooks = [...this.#backwardHooks.values()] as unknown as BackwardHook<this>[]
    return withBackwardHooks(this, hooks, inputs, given => this.forward(...given))
  }

  /** Runs `hook` before every forward, after the hooks registered earlier. */
  registerForwardPreHook(hook: ForwardPreHook<this, In>): RemovableHandle {
    return register(this.#preHooks, hook)
  }

  /** Runs `hook` after every forward, after the hooks registered earlier. */
  registerForwardHook(hook: ForwardHook<this, In, Out>): RemovableHandle {
    return register(this.#hooks, hook)
  }

  /**
   * Runs `hook` when backward has the gradients of this module's inputs (of its outputs, where no
   * input wants one). Only calls made while it is registered have it. Input and output are then
   * copies in the graph: what forward changes in place is not seen outside.
   *
   * @throws ArgumentError from the module's call, when the output is no tensor or array of tensors.
   */
  registerFullBackwardHook(hook: BackwardHook<this>): RemovableHandle {
    return register(this.#backwardHooks, hook)
  }
}

type ErasedHook = (...args: never[]) => unknown

function register(hooks: Map<RemovableHandle, ErasedHook>, hook: ErasedHook): RemovableHandle {
  const handle = { remove: () => void hooks.delete(handle) }
  hooks.set(handle, hook)
  return handle
}
