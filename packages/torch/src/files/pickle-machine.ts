// The machine that a pickle is a program for, without the means to do harm: it builds lists, dicts,
// sets and tuples, and what it calls is what its world allows. Nothing it builds contains itself.
import { PickleReader } from './pickle-reader.ts'
import {
  isPickleKey,
  kindOf,
  PickleFunction,
  type PickleKey,
  PickleObject,
  type PickleValue,
  type PickleWorld,
} from './pickle-value.ts'
import { quoted } from './raw.ts'

/** Nesting beyond this is a mistake or an attack, and would overflow the stacks of those who walk it. */
const MAX_DEPTH = 100
const PYTHON_2_BUILTINS = '__builtin__.'

export class PickleMachine extends PickleReader {
  readonly #memo = new Map<number, PickleValue>()
  readonly #stack: PickleValue[] = []
  readonly #marks: number[] = []
  /** Levels below each container. */
  readonly #heights = new Map<object, number>()
  /** Containers that are part of another: complete, so that none can come to contain itself. */
  readonly #sealed = new Set<object>()
  /** Elements that may still be copied: sharing must not make a short pickle long work. */
  #budget: number

  constructor(bytes: Uint8Array, start: number, world: PickleWorld) {
    super(bytes, start, world)
    this.#budget = bytes.length
  }

  push(value: PickleValue): void {
    this.#stack.push(value)
  }

  mark(): void {
    this.#marks.push(this.#stack.length)
  }

  pop(): PickleValue {
    const value = this.top()
    this.#stack.pop()
    return value
  }

  top(): PickleValue {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw this.refuse('a value', 'none')
    return this.#stack[this.#stack.length - 1]
  }

  popMark(): PickleValue[] {
    const mark = this.#marks.pop()
    if (mark === undefined) throw this.refuse('a mark', 'none')
    return this.#stack.splice(mark)
  }

  /** The top `count` values as a tuple. */
  popTuple(count: number): void {
    const items = Array.from({ length: count }, () => this.pop())
    this.pushTuple(items.reverse())
  }

  /** Remembers the top value, under the next number where none is given. */
  remember(index = this.#memo.size): void {
    this.#memo.set(index, this.top())
  }

  recall(index: number): void {
    const value = this.#memo.get(index)
    if (value === undefined) throw this.refuse(`a value remembered as ${index}`, 'none')
    this.push(value)
  }

  // Containers.

  pushTuple(items: PickleValue[]): void {
    this.#place(items, items)
    this.#sealed.add(items)
    this.push(items)
  }

  append(items: readonly PickleValue[]): void {
    const list = this.top()
    if (!Array.isArray(list)) throw this.refuse('a list to append to', kindOf(list))
    this.#place(list, items)
    for (const item of items) list.push(item)
  }

  setItems(items: readonly PickleValue[]): void {
    const dict = this.top()
    if (!(dict instanceof Map)) throw this.refuse('a dict to set items of', kindOf(dict))
    if (items.length % 2 === 1) throw this.refuse('pairs of keys and values', 'an odd one')
    this.#place(dict, items)
    for (let i = 0; i < items.length; i += 2) dict.set(this.key(items[i]), items[i + 1])
  }

  addItems(items: readonly PickleValue[]): void {
    const set = this.top()
    if (!(set instanceof Set)) throw this.refuse('a set to add items to', kindOf(set))
    this.#place(set, items)
    for (const item of items) set.add(this.key(item))
  }

  key(value: PickleValue): PickleKey {
    if (isPickleKey(value)) return value
    throw this.refuse('numbers, texts, booleans or None as keys', kindOf(value))
  }

  #place(container: object, items: readonly PickleValue[]): void {
    let height = this.#heights.get(container) ?? 0
    for (const item of items) {
      if (typeof item !== 'object' || item === null) continue
      this.#sealed.add(item)
      height = Math.max(height, 1 + (this.#heights.get(item) ?? 0))
    }
    if (this.#sealed.has(container))
      throw this.refuse(
        'a structure that does not contain itself',
        kindOf(container as PickleValue),
      )
    if (height > MAX_DEPTH) throw this.refuse(`at most ${MAX_DEPTH} levels`, 'more')
    this.#heights.set(container, height)
  }

  // Names and what they do.

  global(name: string): PickleValue {
    const full = name.startsWith(PYTHON_2_BUILTINS)
      ? `builtins.${name.slice(PYTHON_2_BUILTINS.length)}`
      : name
    const value = this.world.globals.get(full)
    if (value !== undefined) return value
    throw this.refuse(
      'tensors and plain data alone',
      `what is refused: ${quoted(full).slice(1, -1)}`,
    )
  }

  /** GLOBAL: a module and a name, a line each. */
  readGlobal(): void {
    this.push(this.global(`${this.line()}.${this.line()}`))
  }

  /** INST, which Python 2 wrote for classes: no name may be called by it. */
  refuseInstance(): never {
    this.readGlobal()
    throw this.refuse('names called by REDUCE alone', 'INST')
  }

  stackGlobal(): void {
    const name = this.pop()
    const module = this.pop()
    if (typeof name !== 'string' || typeof module !== 'string')
      throw this.refuse('a module and a name', `${kindOf(module)} and ${kindOf(name)}`)
    this.push(this.global(`${module}.${name}`))
  }

  reduce(): void {
    const args = this.pop()
    const callee = this.pop()
    if (!(callee instanceof PickleFunction) || !Array.isArray(args))
      throw this.refuse('a name to call and its arguments', `${kindOf(callee)}, ${kindOf(args)}`)
    for (const arg of args) this.#charge(arg)
    const result = callee.apply(args)
    if (typeof result === 'object' && result !== null && !this.#heights.has(result))
      this.#heights.set(result, this.#heights.get(args) ?? 0)
    this.push(result)
  }

  #charge(value: PickleValue): void {
    if (Array.isArray(value)) this.#budget -= value.length
    if (this.#budget < 0) throw this.refuse('arguments no longer than the file', 'longer ones')
  }

  /**
   * Attributes: of an ordered dict (`_metadata` of a state dict) they are left out; of an object they
   * are what its world makes of them.
   */
  build(): void {
    const state = this.pop()
    const target = this.top()
    if (target instanceof PickleObject && this.world.build) {
      this.world.build(target, state)
      return
    }
    if (!(target instanceof Map) || !(state instanceof Map))
      throw this.refuse('attributes of an ordered dict alone', `those of ${kindOf(target)}`)
  }

  persistent(): void {
    this.push(this.world.persistent(this.pop()))
  }
}
