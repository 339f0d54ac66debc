// Padding of the spatial dimensions, as modules. Negative amounts crop.
import { pad } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import { Module } from './module.ts'
import { floatText, sizeText } from './print.ts'

/** One number for both ends, or [left, right]. */
export type Padding1d = number | readonly [number, number]
/** One number for all sides, or [left, right, top, bottom]. */
export type Padding2d = number | readonly [number, number, number, number]

const bothEnds = (padding: Padding1d): number[] =>
  typeof padding === 'number' ? [padding, padding] : [...padding]

const allSides = (padding: Padding2d): number[] =>
  typeof padding === 'number' ? [padding, padding, padding, padding] : [...padding]

/** Amounts from the last dimension backwards, and what is put there. */
abstract class Pad extends Module {
  protected abstract readonly mode: string
  readonly padding: number[]

  constructor(padding: number[]) {
    super()
    this.padding = padding
  }

  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, this.mode)
  }

  override extraRepr(): string {
    return sizeText(this.padding)
  }
}

abstract class Pad1d extends Pad {
  constructor(padding: Padding1d) {
    super(bothEnds(padding))
  }
}

abstract class Pad2d extends Pad {
  constructor(padding: Padding2d) {
    super(allSides(padding))
  }
}

abstract class ConstantPad extends Pad {
  protected override readonly mode = 'constant'
  readonly value: number

  constructor(padding: number[], value: number) {
    super(padding)
    this.value = value
  }

  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, this.mode, this.value)
  }

  override extraRepr(): string {
    return `padding=${sizeText(this.padding)}, value=${floatText(this.value)}`
  }
}

/** Puts `value` around (..., L). */
export class ConstantPad1d extends ConstantPad {
  constructor(padding: Padding1d, value: number) {
    super(bothEnds(padding), value)
  }
}

/** Puts `value` around (..., H, W). */
export class ConstantPad2d extends ConstantPad {
  constructor(padding: Padding2d, value: number) {
    super(allSides(padding), value)
  }
}

/** Puts zeros around (..., L). */
export class ZeroPad1d extends ConstantPad1d {
  constructor(padding: Padding1d) {
    super(padding, 0)
  }

  override extraRepr(): string {
    return sizeText(this.padding)
  }
}

/** Puts zeros around (..., H, W). */
export class ZeroPad2d extends ConstantPad2d {
  constructor(padding: Padding2d) {
    super(padding, 0)
  }

  override extraRepr(): string {
    return sizeText(this.padding)
  }
}

/** Mirrors (N, C, L) at its edge elements, which are not repeated. */
export class ReflectionPad1d extends Pad1d {
  protected override readonly mode = 'reflect'
}

/** Mirrors (N, C, H, W) at its edge elements, which are not repeated. */
export class ReflectionPad2d extends Pad2d {
  protected override readonly mode = 'reflect'
}

/** Repeats the edge elements of (N, C, L). */
export class ReplicationPad1d extends Pad1d {
  protected override readonly mode = 'replicate'
}

/** Repeats the edge elements of (N, C, H, W). */
export class ReplicationPad2d extends Pad2d {
  protected override readonly mode = 'replicate'
}

/** Wraps (N, C, L) around. */
export class CircularPad1d extends Pad1d {
  protected override readonly mode = 'circular'
}

/** Wraps (N, C, H, W) around. */
export class CircularPad2d extends Pad2d {
  protected override readonly mode = 'circular'
}
