// Modules made of modules, and the two that only reshape or pass on.
import { flatten } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import { Module } from './module.ts'

/** Calls its modules one after another. Their names are '0', '1', ... */
export class Sequential extends Module {
  readonly [index: number]: Module
  override readonly length: number

  constructor(...modules: Module[]) {
    super()
    Object.assign(this, modules)
    this.length = modules.length
  }

  *[Symbol.iterator](): Generator<Module> {
    for (let i = 0; i < this.length; i++) yield this[i]
  }

  override forward(x: Tensor): Tensor {
    let y = x
    for (const module of this) y = module(y)
    return y
  }
}

/** Returns its input. */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x
  }
}

/** (N, ...) to (N, product). */
export class Flatten extends Module {
  override forward(x: Tensor): Tensor {
    return flatten(x, 1)
  }
}
