// Dropout of single elements.
import { ArgumentError } from '../errors.ts'
import { dropout } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import { Module } from './module.ts'

/** In training zeroes elements with probability p and scales the rest by 1 / (1 - p). */
export class Dropout extends Module {
  readonly p: number

  /** @param p default 0.5 */
  constructor(p = 0.5) {
    super()
    if (!(p >= 0 && p <= 1))
      throw new ArgumentError(`Expected a probability from 0 to 1 for \`p\` but received ${p}.`)
    this.p = p
  }

  override forward(x: Tensor): Tensor {
    return this.training && this.p > 0 ? dropout(x, this.p, true) : x
  }
}
