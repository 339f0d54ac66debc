// The root of Tensor: a handle and nothing else, so that the generated methods can be built on it
// without an import cycle. Also the scopes, which own handles.
import { DisposedError } from './errors.ts'
import { native } from './native.ts'
import { putRaw, rewind } from './tape.ts'

/** Backstop for tensors that no scope owns: releases the handle when the wrapper is collected. */
const collected = new FinalizationRegistry<number>(handle => releaseHandles([handle]))

export abstract class TensorBase {
  #handle: number
  /** The scope that will release this tensor; null when it belongs to none. */
  #scope: Scope | null

  /** Takes over `handle`, which no other wrapper may own. */
  constructor(handle: number) {
    this.#handle = handle
    this.#scope = Scope.current
    if (this.#scope) this.#scope.add(this)
    else collected.register(this, handle)
  }

  /** The native value's handle; throws DisposedError once it was released. */
  get handle(): number {
    if (this.#handle === 0)
      throw new DisposedError(
        'This tensor was released: its scope (tidy, or the Module call that made it) has ended, or dispose() was called. Return it from the scope or keep() it.',
      )
    return this.#handle
  }

  /** True once the tensor was released. */
  get isDisposed(): boolean {
    return this.#handle === 0
  }

  /** Gives the memory back now; a second call does nothing. */
  dispose(): void {
    const handle = this.surrender()
    if (handle !== 0) releaseHandles([handle])
  }

  /** The same as dispose(), for `using`. */
  [Symbol.dispose](): void {
    this.dispose()
  }

  /** Forgets the handle and returns it: whoever calls this owns it. */
  protected surrender(): number {
    const handle = this.#handle
    this.#handle = 0
    return handle
  }

  /**
   * Moves a tensor to `scope`, or into the garbage collector's care when null.
   *
   * @internal
   */
  static move(tensor: TensorBase, scope: Scope | null): void {
    if (tensor.#scope === scope) return
    tensor.#scope = scope
    if (scope) scope.add(tensor)
    else collected.register(tensor, tensor.handle)
  }

  /**
   * Moves a tensor that belongs to scope `from`; one that belongs elsewhere stays there.
   *
   * @internal
   */
  static adopt(tensor: TensorBase, from: Scope, to: Scope | null): void {
    if (tensor.#scope === from && tensor.#handle !== 0) TensorBase.move(tensor, to)
  }

  /**
   * Releases what still belongs to `scope` among `tensors`.
   *
   * @internal
   */
  static releaseOwned(tensors: readonly TensorBase[], scope: Scope): void {
    const handles: number[] = []
    for (const tensor of tensors)
      if (tensor.#scope === scope && tensor.#handle !== 0) handles.push(tensor.surrender())
    if (handles.length > 0) releaseHandles(handles)
  }
}

/** Gives native values back, of whatever kind. */
export function releaseHandles(handles: readonly number[]): void {
  rewind()
  for (const handle of handles) putRaw(handle)
  native.release(handles.length)
}

/** Owns the tensors made while it is the innermost one. */
export class Scope {
  static current: Scope | null = null

  readonly #parent: Scope | null = Scope.current
  readonly #tensors: TensorBase[] = []

  constructor() {
    Scope.current = this
  }

  add(tensor: TensorBase): void {
    this.#tensors.push(tensor)
  }

  /** Ends the scope: what `result` holds moves to the scope around it, the rest is released. */
  end(result: unknown): void {
    Scope.current = this.#parent
    if (result instanceof TensorBase) TensorBase.adopt(result, this, this.#parent)
    else for (const tensor of tensorsIn(result)) TensorBase.adopt(tensor, this, this.#parent)
    TensorBase.releaseOwned(this.#tensors, this)
  }
}

/** The tensors in a value: itself, or in arrays, maps and plain objects, at any depth. */
export function tensorsIn(value: unknown): TensorBase[] {
  const found: TensorBase[] = []
  collect(value, found, new Set())
  return found
}

/** `seen` holds the containers on the way, so that one that contains itself ends. */
function collect(value: unknown, found: TensorBase[], seen: Set<object>): void {
  if (typeof value !== 'object' || value === null) return
  if (value instanceof TensorBase) {
    found.push(value)
    return
  }
  const items = itemsOf(value)
  if (!items || seen.has(value)) return
  seen.add(value)
  for (const item of items) collect(item, found, seen)
}

function itemsOf(value: object): Iterable<unknown> | undefined {
  if (Array.isArray(value)) return value
  if (value instanceof Map) return value.values()
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null ? Object.values(value) : undefined
}
