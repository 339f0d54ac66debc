// Layers that change the resolution without parameters.
import { pixelShuffle, pixelUnshuffle } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import { type InterpolateOptions, interpolate } from './functional/interpolate.ts'
import { Module } from './module.ts'
import { floatText, sizeText } from './print.ts'

/** Resizes (N, C, L) or (N, C, H, W) by `functional.interpolate`; options and errors are its own. */
export class Upsample extends Module {
  readonly options: InterpolateOptions

  constructor(options: InterpolateOptions) {
    super()
    this.options = options
  }

  override forward(x: Tensor): Tensor {
    return interpolate(x, this.options)
  }

  override extraRepr(): string {
    const { size, scaleFactor, mode = 'nearest' } = this.options
    return `${size === undefined ? `scale_factor=${factorText(scaleFactor)}` : `size=${sizeText(size)}`}, mode=${mode}`
  }
}

function factorText(factor: number | readonly number[] | undefined): string {
  if (factor === undefined) return 'None'
  return typeof factor === 'number' ? floatText(factor) : `(${factor.map(floatText).join(', ')})`
}

/** (N, C r^2, H, W) to (N, C, H r, W r) (Shi et al., 2016). */
export class PixelShuffle extends Module {
  readonly upscaleFactor: number

  constructor(upscaleFactor: number) {
    super()
    this.upscaleFactor = upscaleFactor
  }

  override forward(x: Tensor): Tensor {
    return pixelShuffle(x, this.upscaleFactor)
  }

  override extraRepr(): string {
    return `upscale_factor=${this.upscaleFactor}`
  }
}

/** (N, C, H r, W r) to (N, C r^2, H, W): undoes PixelShuffle. */
export class PixelUnshuffle extends Module {
  readonly downscaleFactor: number

  constructor(downscaleFactor: number) {
    super()
    this.downscaleFactor = downscaleFactor
  }

  override forward(x: Tensor): Tensor {
    return pixelUnshuffle(x, this.downscaleFactor)
  }

  override extraRepr(): string {
    return `downscale_factor=${this.downscaleFactor}`
  }
}
