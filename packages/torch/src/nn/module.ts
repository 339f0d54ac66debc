// Module: a function with parameters, buffers and sub-modules, which it finds by name. How it is
// called stands in callable.ts.
import { callOperator } from '../call.ts'
import { isFloatingPoint } from '../dtype.ts'
import { ArgumentError } from '../errors.ts'
import { tidy } from '../memory.ts'
import type { Tensor, ToOptions } from '../tensor.ts'
import { Callable } from './callable.ts'
import { firstNames, joined, snakeCase, splitPath } from './names.ts'
import { Buffer, type BufferOptions, Parameter } from './parameter.ts'
import { treeText } from './print.ts'
import { copyState, type IncompatibleKeys, type LoadStateDictOptions } from './state-dict.ts'

/** What makes instances callable for TypeScript: `In` are forward's parameters, `Out` its result. */
export interface Module<In extends unknown[] = [Tensor], Out = Tensor> {
  // biome-ignore lint/style/useShorthandFunctionType: an interface merges with the class, a type does not
  (...inputs: In): Out
}

/**
 * Base of all layers and models. Parameters, buffers and sub-modules are found among the fields;
 * their dotted names are PyTorch's (`layer1.0.conv1.weight`), a camelCase field standing for its
 * snake_case name. What is not a field of the class is registered under a name of its own. A tensor
 * stored on `this` during forward must be kept (`keep`).
 *
 * @example
 * class Net extends nn.Module {
 *   fc = new nn.Linear(4, 2)
 *   forward(x: Tensor) { return this.fc(x).relu() }
 * }
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the interface adds the call signature
export abstract class Module<In extends unknown[] = [Tensor], Out = Tensor> extends Callable<
  In,
  Out
> {
  /** Set by train() and eval(). */
  training = true
  /** Names that were given when registering: they are taken as they are. */
  readonly #registered = new Set<string>()

  /**
   * Adds a sub-module that is no field of the class; it becomes the property `name`, and `name` as
   * it is stands in the state dict. An earlier one of that name is replaced.
   *
   * @throws ArgumentError when `name` is empty, has a dot, or is a field or method already.
   */
  addModule(name: string, module: AnyModule): this {
    this.#register(name, module)
    return this
  }

  /** Adds a trained tensor as addModule adds a module; null reserves the name. */
  registerParameter(name: string, parameter: Parameter | null): void {
    this.#register(name, parameter)
  }

  /** Adds a buffer as addModule adds a module; null reserves the name. */
  registerBuffer(name: string, data: Tensor | null, options: BufferOptions = {}): void {
    this.#register(name, data && new Buffer(data, options))
  }

  #register(name: string, value: unknown): void {
    if (name === '' || name.includes('.') || (name in this && !this.#registered.has(name)))
      throw new ArgumentError(
        `Expected a new name without a dot for \`name\` but received ${JSON.stringify(name)} (${this.constructor.name}).`,
      )
    this.#registered.add(name)
    Object.defineProperty(this, name, {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    })
  }

  /** Fields and registered values under the names that the state dict has for them. */
  *#owned(): Generator<[string, unknown]> {
    for (const [field, value] of Object.entries(this))
      yield [this.#registered.has(field) ? field : snakeCase(field), value]
  }

  *#ownedOf<T extends object>(kind: abstract new (...args: never[]) => T): Generator<[string, T]> {
    for (const [name, value] of this.#owned()) if (value instanceof kind) yield [name, value]
  }

  #children(): Generator<[string, AnyModule]> {
    return this.#ownedOf<AnyModule>(Module)
  }

  /** Direct sub-modules with their names, in the order of fields; a shared one under its first. */
  namedChildren(): Generator<[string, AnyModule]> {
    return firstNames(this.#children())
  }

  /** Direct sub-modules, each once. */
  children(): AnyModule[] {
    return Array.from(this.namedChildren(), ([, child]) => child)
  }

  /** This module (named '') and all below it, parents first; a shared one under its first name. */
  namedModules(prefix = ''): Generator<[string, AnyModule]> {
    return firstNames(this.#everyModule(prefix))
  }

  /** This module and all below it, parents first, each once. */
  modules(): AnyModule[] {
    return Array.from(this.namedModules(), ([, module]) => module)
  }

  *#everyModule(prefix: string): Generator<[string, AnyModule]> {
    yield [prefix, this as unknown as AnyModule]
    for (const [name, child] of this.#children()) yield* child.#everyModule(joined(prefix, name))
  }

  *#everyTensor<T extends Tensor>(
    kind: abstract new (...args: never[]) => T,
  ): Generator<[string, T]> {
    for (const [path, module] of this.namedModules())
      for (const [name, value] of module.#ownedOf(kind)) yield [joined(path, name), value]
  }

  /**
   * Trained tensors in PyTorch's order: a module's own before those of its sub-modules; a shared one
   * once, under its first name.
   */
  namedParameters(): Generator<[string, Parameter]> {
    return firstNames(this.#everyTensor(Parameter))
  }

  /** Buffers, persistent or not, in the order of namedParameters. */
  namedBuffers(): Generator<[string, Buffer]> {
    return firstNames(this.#everyTensor(Buffer))
  }

  /** The trained tensors of this module and all below it, each once, in PyTorch's order. */
  parameters(): Parameter[] {
    return Array.from(this.namedParameters(), ([, parameter]) => parameter)
  }

  /** The buffers of this module and all below it, each once. */
  buffers(): Buffer[] {
    return Array.from(this.namedBuffers(), ([, buffer]) => buffer)
  }

  /**
   * The module of a dotted name, this one for ''.
   *
   * @throws ArgumentError when there is none.
   */
  getSubmodule(path: string): AnyModule {
    let module = this as unknown as AnyModule
    for (const name of path === '' ? [] : path.split('.'))
      module = find(module.#children(), name) ?? this.#refusePath('module', path)
    return module
  }

  /** The parameter of a dotted name; throws ArgumentError when there is none. */
  getParameter(path: string): Parameter {
    const [owner, name] = splitPath(path)
    const own = this.getSubmodule(owner).#ownedOf(Parameter)
    return find(own, name) ?? this.#refusePath('parameter', path)
  }

  /** The buffer of a dotted name; throws ArgumentError when there is none. */
  getBuffer(path: string): Buffer {
    const [owner, name] = splitPath(path)
    const own = this.getSubmodule(owner).#ownedOf(Buffer)
    return find(own, name) ?? this.#refusePath('buffer', path)
  }

  #refusePath(kind: string, path: string): never {
    throw new ArgumentError(
      `Expected the dotted name of a ${kind} below this ${this.constructor.name} for \`path\` but received ${JSON.stringify(path)}.`,
    )
  }

  /**
   * Parameters and persistent buffers by dotted name, in PyTorch's order; shared ones under each of
   * their names. The tensors are the model's own.
   */
  stateDict(): Map<string, Tensor> {
    const state = new Map<string, Tensor>()
    for (const [path, module] of this.#everyModule('')) {
      for (const [name, value] of module.#ownedOf(Parameter)) state.set(joined(path, name), value)
      for (const [name, value] of module.#ownedOf(Buffer))
        if (value.persistent) state.set(joined(path, name), value)
    }
    return state
  }

  /**
   * Copies `state` into this module's parameters and buffers. Where a norm's `num_batches_tracked` is
   * missing, as in old checkpoints, it stays as it is: what PyTorch does for a dict without versions.
   *
   * @returns the names that either side lacks: none when strict.
   * @throws ArgumentError naming misshapen entries and, when strict, missing and unexpected ones;
   * nothing is copied.
   */
  loadStateDict(
    state: ReadonlyMap<string, Tensor>,
    options: LoadStateDictOptions = {},
  ): IncompatibleKeys {
    const optional = new Set<string>()
    for (const [path, module] of this.#everyModule(''))
      for (const name of module.optionalState) optional.add(joined(path, name))
    return copyState(this.stateDict(), optional, state, this.constructor.name, options)
  }

  /** Own entries of the state dict that one of an earlier version may lack. */
  protected get optionalState(): readonly string[] {
    return []
  }

  /** Training behaviour (dropout on, batch statistics) for this module and all below it. */
  train(mode = true): this {
    for (const module of this.modules()) module.training = mode
    return this
  }

  /** Evaluation behaviour; the same as train(false). */
  eval(): this {
    return this.train(false)
  }

  /** Trains the parameters of this module and of all below it, or freezes them. */
  requiresGrad_(wanted = true): this {
    for (const parameter of this.parameters()) parameter.requiresGrad_(wanted)
    return this
  }

  /** Moves parameters with their gradients, and buffers, in place; integer buffers keep their dtype. */
  to(options: ToOptions): this {
    for (const tensor of [...this.parameters(), ...this.buffers()])
      tidy(() => {
        const { grad } = tensor
        moveData(tensor, options)
        if (grad) moveData(grad, options)
      })
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

  /** What stands between the brackets when this module is printed; override it. */
  extraRepr(): string {
    return ''
  }

  /** The tree of modules as PyTorch prints it. */
  override toString(): string {
    const children = Array.from(this.#children(), ([name, child]): [string, string] => [
      name,
      child.toString(),
    ])
    return treeText(this.constructor.name, this.extraRepr(), children)
  }

  /** What `console.log` shows: toString(). */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }
}

/** A module of any signature. */
// biome-ignore lint/suspicious/noExplicitAny: the signature is what this type leaves open
export type AnyModule = Module<any[], any>

function find<T>(named: Iterable<[string, T]>, wanted: string): T | undefined {
  for (const [name, value] of named) if (name === wanted) return value
  return undefined
}

function moveData(tensor: Tensor, options: ToOptions): void {
  const dtype = isFloatingPoint(tensor.dtype) ? options.dtype : undefined
  const memoryFormat = tensor.dim === 4 ? options.memoryFormat : undefined
  const moved = tensor.detach().to({ ...options, dtype, memoryFormat })
  callOperator('aten::set_data', '', tensor, moved)
}
