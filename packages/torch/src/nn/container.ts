// Modules and parameters in order or by name.
import { ArgumentError } from '../errors.ts'
import type { Tensor } from '../tensor.ts'
import { Scope, TensorBase } from '../tensor-base.ts'
import { type AnyModule, Module } from './module.ts'
import { Parameter } from './parameter.ts'

/** Modules in order, named '0', '1', ... unless they are added under names of their own. */
abstract class ModuleSequence<In extends unknown[], Out, M extends AnyModule> extends Module<
  In,
  Out
> {
  readonly [index: number]: M
  declare readonly length: number
  readonly #names: string[] = []

  constructor(modules: Iterable<M>) {
    super()
    // A function's own `length` counts its parameters; here it counts modules.
    Object.defineProperty(this, 'length', { get: () => this.#names.length })
    this.extend(modules)
  }

  override addModule(name: string, module: M): this {
    super.addModule(name, module)
    if (!this.#names.includes(name)) this.#names.push(name)
    return this
  }

  /** Adds a module at the end. */
  append(module: M): this {
    return this.addModule(String(this.length), module)
  }

  /** Adds modules at the end. */
  extend(modules: Iterable<M>): this {
    for (const module of modules) this.append(module)
    return this
  }

  /** The module at a position, counted from the end when negative; undefined beyond. */
  at(index: number): M | undefined {
    const name = this.#names.at(index)
    return name === undefined ? undefined : (this.getSubmodule(name) as M)
  }

  /** The modules in order. */
  *[Symbol.iterator](): Generator<M> {
    for (const name of this.#names) yield (this as unknown as Record<string, M>)[name]
  }
}

/**
 * Calls its modules one after another. What one puts out is released when the next has read it, unless
 * a hook kept it: a deep net in evaluation needs the memory of two activations, not of all.
 */
export class Sequential extends ModuleSequence<[Tensor], Tensor, Module> {
  constructor(...modules: Module[]) {
    super(modules)
  }

  override forward(x: Tensor): Tensor {
    let y = x
    for (const module of this) {
      const read = y
      y = module(read)
      if (read !== x && read !== y) releaseOwn(read)
    }
    return y
  }
}

/** Releases a tensor that is the innermost scope's own, as the end of that scope would. */
const releaseOwn = (tensor: Tensor): void => {
  if (Scope.current) TensorBase.releaseOwned([tensor], Scope.current)
}

const uncallable = (name: string): never => {
  throw new ArgumentError(
    `Expected a module with a forward of its own but received a ${name}, which only holds others. Call what it holds.`,
  )
}

/** Holds modules in order; the module that owns the list calls them. */
export class ModuleList<M extends AnyModule = AnyModule> extends ModuleSequence<[], never, M> {
  constructor(modules: Iterable<M> = []) {
    super(modules)
  }

  override forward(): never {
    return uncallable('ModuleList')
  }
}

/**
 * Holds modules by name; the module that owns it calls them. Names that are whole numbers come
 * first, in ascending order, as in every JavaScript object.
 *
 * @throws ArgumentError for a name that is empty, has a dot, or is a field or method of a module.
 */
export class ModuleDict<M extends AnyModule = AnyModule> extends Module<[], never> {
  constructor(modules: Readonly<Record<string, M>> | Iterable<readonly [string, M]> = {}) {
    super()
    this.update(modules)
  }

  /** How many modules there are. */
  get size(): number {
    return this.children().length
  }

  /** The module of that name; throws ArgumentError when there is none. */
  get(name: string): M {
    return this.getSubmodule(name) as M
  }

  /** True when there is a module of that name. */
  has(name: string): boolean {
    return Array.from(this.keys()).includes(name)
  }

  /** Adds or replaces a module. */
  set(name: string, module: M): this {
    return this.addModule(name, module)
  }

  /** Adds or replaces modules. */
  update(modules: Readonly<Record<string, M>> | Iterable<readonly [string, M]>): this {
    const named = Symbol.iterator in modules ? modules : Object.entries(modules)
    for (const [name, module] of named as Iterable<readonly [string, M]>) this.set(name, module)
    return this
  }

  /** True when there was a module of that name. */
  delete(name: string): boolean {
    return this.has(name) && delete (this as unknown as Record<string, unknown>)[name]
  }

  /** The names, in the order of the modules. */
  *keys(): Generator<string> {
    for (const [name] of this.namedChildren()) yield name
  }

  /** The modules, each once. */
  *values(): Generator<M> {
    for (const [, module] of this.entries()) yield module
  }

  /** Names and modules. */
  entries(): Generator<[string, M]> {
    return this.namedChildren() as Generator<[string, M]>
  }

  /** Names and modules. */
  [Symbol.iterator](): Generator<[string, M]> {
    return this.entries()
  }

  override forward(): never {
    return uncallable('ModuleDict')
  }
}

/** Holds parameters in order, named '0', '1', ...; a plain tensor becomes a parameter. */
export class ParameterList extends Module<[], never> {
  readonly [index: number]: Parameter
  declare readonly length: number

  constructor(parameters: Iterable<Tensor> = []) {
    super()
    Object.defineProperty(this, 'length', { get: () => [...this].length })
    this.extend(parameters)
  }

  /** Adds a parameter at the end, or a tensor, over whose memory one is made. */
  append(parameter: Tensor): this {
    const own = parameter instanceof Parameter ? parameter : new Parameter(parameter)
    this.registerParameter(String(this.length), own)
    return this
  }

  /** Adds parameters at the end, as append does. */
  extend(parameters: Iterable<Tensor>): this {
    for (const parameter of parameters) this.append(parameter)
    return this
  }

  /** The parameters in order. */
  *[Symbol.iterator](): Generator<Parameter> {
    for (let i = 0; this[i] instanceof Parameter; i++) yield this[i]
  }

  override forward(): never {
    return uncallable('ParameterList')
  }

  override extraRepr(): string {
    const line = (parameter: Parameter, i: number) =>
      `  (${i}): Parameter containing: [torch.${parameter.dtype} of size ${parameter.shape.join('x')}]`
    return Array.from(this, line).join('\n')
  }
}
