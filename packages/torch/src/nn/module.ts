// Module: a function with parameters. `model(x)` runs its hooks and `forward` inside a scope, so
// that activations nobody returned are released when the call ends.
import { noGrad } from '../autograd.ts'
import { callOperator } from '../call.ts'
import { ArgumentError, refusePromise } from '../errors.ts'
import { tidy } from '../memory.ts'
import type { Tensor, ToOptions } from '../tensor.ts'
import { Scope } from '../tensor-base.ts'
import { Buffer, Parameter } from './parameter.ts'

/** Runs before forward; a returned array replaces the inputs. */
// biome-ignore lint/suspicious/noConfusingVoidType: a hook that only looks returns nothing
export type ForwardPreHook<M, In> = (module: M, inputs: In) => In | void
/** Runs after forward; a returned value other than undefined replaces the output. */
// biome-ignore lint/suspicious/noConfusingVoidType: as above
export type ForwardHook<M, In, Out> = (module: M, inputs: In, output: Out) => Out | void

/** Undoes a registration. */
export interface RemovableHandle {
  remove(): void
}

const RUN: unique symbol = Symbol('run')

/** A class whose instances are functions: calling one runs its RUN method. */
class Callable {
  constructor() {
    const self = (...inputs: unknown[]) =>
      (self as unknown as { [RUN](...inputs: unknown[]): unknown })[RUN](...inputs)
    // biome-ignore lint/correctness/noConstructorReturn: this is what makes `model(x)` possible
    return Object.setPrototypeOf(self, new.target.prototype)
  }
}

/** What makes instances callable for TypeScript: `In` are forward's parameters, `Out` its result. */
export interface Module<In extends unknown[] = [Tensor], Out = Tensor> {
  // biome-ignore lint/style/useShorthandFunctionType: an interface merges with the class, a type does not
  (...inputs: In): Out
}

/**
 * Base of all layers and models. Parameters, buffers and sub-modules are found among the fields;
 * their dotted names are PyTorch's (`layer1.0.conv1.weight`), a camelCase field standing for its
 * snake_case name. A tensor stored on `this` during forward must be kept (`keep`).
 *
 * @example
 * class Net extends nn.Module {
 *   fc = new nn.Linear(4, 2)
 *   forward(x: Tensor) { return this.fc(x).relu() }
 * }
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface adds the call signature
export abstract class Module<In extends unknown[] = [Tensor], Out = Tensor> extends Callable {
  /** Set by train() and eval(). */
  training = true
  // Keyed by registration, not by function: one hook may be registered twice and removed once.
  // Without their types: TypeScript compares private fields, and a Conv2d would be no Module.
  readonly #preHooks = new Map<RemovableHandle, ErasedHook>()
  readonly #hooks = new Map<RemovableHandle, ErasedHook>()

  abstract forward(...inputs: In): Out

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
    let output = this.forward(...given)
    for (const hook of this.#hooks.values())
      output = (hook(this as never, given as never, output as never) as Out | undefined) || output
    return output
  }

  registerForwardPreHook(hook: ForwardPreHook<this, In>): RemovableHandle {
    return register(this.#preHooks, hook)
  }

  registerForwardHook(hook: ForwardHook<this, In, Out>): RemovableHandle {
    return register(this.#hooks, hook)
  }

  /** Direct sub-modules with their names. */
  *namedChildren(): Generator<[string, AnyModule]> {
    for (const [field, value] of Object.entries(this))
      if (value instanceof Module) yield [snakeCase(field), value]
  }

  /** This module (named '') and all below it, parents first; a shared one under its first name. */
  namedModules(prefix = ''): Generator<[string, AnyModule]> {
    return firstNames(this.#everyModule(prefix))
  }

  *#everyModule(prefix: string): Generator<[string, AnyModule]> {
    yield [prefix, this as unknown as AnyModule]
    for (const [name, child] of this.namedChildren())
      yield* child.#everyModule(joined(prefix, name))
  }

  *#named<T extends Tensor>(kind: abstract new (...args: never[]) => T): Generator<[string, T]> {
    for (const [path, module] of this.namedModules())
      for (const [field, value] of Object.entries(module))
        if (value instanceof kind) yield [joined(path, snakeCase(field)), value]
  }

  /**
   * Trained tensors in PyTorch's order: a module's own before those of its sub-modules; a shared one
   * once, under its first name.
   */
  namedParameters(): Generator<[string, Parameter]> {
    return firstNames(this.#named(Parameter))
  }

  namedBuffers(): Generator<[string, Buffer]> {
    return firstNames(this.#named(Buffer))
  }

  parameters(): Parameter[] {
    return Array.from(this.namedParameters(), ([, parameter]) => parameter)
  }

  /**
   * Parameters and buffers by dotted name, in PyTorch's order; shared ones under each of their
   * names. The tensors are the model's own.
   */
  stateDict(): Map<string, Tensor> {
    const state = new Map<string, Tensor>()
    for (const [path, module] of this.#everyModule(''))
      for (const kind of [Parameter, Buffer])
        for (const [field, value] of Object.entries(module))
          if (value instanceof kind) state.set(joined(path, snakeCase(field)), value)
    return state
  }

  /**
   * Copies `state` into this module's parameters and buffers.
   *
   * @throws ArgumentError naming every missing, unexpected and misshapen entry; nothing is copied.
   */
  loadStateDict(state: ReadonlyMap<string, Tensor>): void {
    const own = this.stateDict()
    const problems = mismatches(own, state)
    if (problems.length > 0)
      throw new ArgumentError(
        `Expected the state dict of this ${this.constructor.name} but it does not fit: ${problems.join('; ')}.`,
      )
    noGrad(() => {
      for (const [name, tensor] of own) tensor.copy_(state.get(name) as Tensor)
    })
  }

  /** Training behaviour (dropout on, batch statistics) for this module and all below it. */
  train(mode = true): this {
    for (const [, module] of this.namedModules()) module.training = mode
    return this
  }

  /** Evaluation behaviour; the same as train(false). */
  eval(): this {
    return this.train(false)
  }

  /** Moves parameters and buffers, in place; the dtype of integer buffers stays. */
  to(options: ToOptions): this {
    for (const tensor of new Set(this.stateDict().values())) tidy(() => moveData(tensor, options))
    return this
  }

  /** Calls `visit` on this module and all below it, as PyTorch's apply. */
  apply(visit: (module: AnyModule, name: string) => void): this {
    for (const [name, module] of this.namedModules()) visit(module, name)
    return this
  }

  /** Forgets all gradients. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.grad = null
  }
}

/** A module of any signature. */
// biome-ignore lint/suspicious/noExplicitAny: the signature is what this type leaves open
export type AnyModule = Module<any[], any>

type ErasedHook = (...args: never[]) => unknown

function register(hooks: Map<RemovableHandle, ErasedHook>, hook: ErasedHook): RemovableHandle {
  const handle = { remove: () => void hooks.delete(handle) }
  hooks.set(handle, hook)
  return handle
}

function* firstNames<T extends object>(named: Iterable<[string, T]>): Generator<[string, T]> {
  const seen = new Set<T>()
  for (const [name, value] of named) {
    if (!seen.has(value)) yield [name, value]
    seen.add(value)
  }
}

const joined = (prefix: string, name: string) => (prefix === '' ? name : `${prefix}.${name}`)

/** `runningMean` -> `running_mean`; digits stay attached (`conv2b`, `layer1`). */
const snakeCase = (field: string) => field.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)

function moveData(tensor: Tensor, options: ToOptions): void {
  const dtype = tensor.dtype.includes('float') ? options.dtype : undefined
  const memoryFormat = tensor.dim === 4 ? options.memoryFormat : undefined
  const moved = tensor.detach().to({ ...options, dtype, memoryFormat })
  callOperator('aten::set_data', '', tensor, moved)
}

function mismatches(
  own: ReadonlyMap<string, Tensor>,
  given: ReadonlyMap<string, Tensor>,
): string[] {
  const missing = [...own.keys()].filter(name => !given.has(name))
  const unexpected = [...given.keys()].filter(name => !own.has(name))
  const misshapen = [...own].flatMap(([name, tensor]) => {
    const other = given.get(name)
    return other && String(other.shape) !== String(tensor.shape)
      ? [`${name} is [${other.shape}], expected [${tensor.shape}]`]
      : []
  })
  const list = (label: string, names: string[]) =>
    names.length === 0
      ? []
      : [
          `${label} ${names.slice(0, 8).join(', ')}${names.length > 8 ? ` and ${names.length - 8} more` : ''}`,
        ]
  return [
    ...list('missing', missing),
    ...list('unexpected', unexpected),
    ...list('of another shape', misshapen),
  ]
}
