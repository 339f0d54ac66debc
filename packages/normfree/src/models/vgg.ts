// VGGs (Simonyan and Zisserman, 2015), plain or with norms: no shortcuts, so the baseline of what
// residual nets add. Names and initialisation are timm's, which has the two large linear layers as
// convolutions.
import { nn, ShapeError, type Tensor } from '@normfree/torch'
import { createNorm, type NormName } from '../layers/norm.ts'
import { LinearHead } from './heads.ts'
import { type ClassifierOptions, HE_FAN_OUT, initKernels } from './layout.ts'

/** Options of {@link Vgg}. */
export interface VggOptions extends Omit<ClassifierOptions, 'dropPathRate' | 'outputStride'> {
  /** Convolutions of each of the five stages; a max pool ends each. */
  layers: readonly number[]
  /** Default 'none'. */
  norm?: NormName
}

/** Convolutions a stage by number of layers, the three linear ones counted. */
export const VGG_DEPTHS = {
  11: [1, 1, 2, 2, 2],
  13: [2, 2, 2, 2, 2],
  16: [2, 2, 3, 3, 3],
  19: [2, 2, 4, 4, 4],
} as const satisfies Record<number, readonly number[]>

/** Outputs of each stage. */
export const VGG_CHANNELS = [64, 128, 256, 512, 512] as const
const HIDDEN = 4096
/** Positions a side that the first linear layer takes in. */
const SIDE = 7

/** Images (N, inChans, H, W) to logits (N, numClasses, 1000 by default), made for 224 px. */
export class Vgg extends nn.Module {
  readonly features: nn.Sequential
  readonly preLogits: PreLogits
  readonly head: LinearHead

  constructor(options: VggOptions) {
    super()
    const { numClasses = 1000, inChans = 3, dropRate = 0 } = options
    this.features = new nn.Sequential(...featureLayers(options.layers, inChans, options.norm))
    this.preLogits = new PreLogits(VGG_CHANNELS[4], dropRate)
    initKernels(this, HE_FAN_OUT)
    this.head = new LinearHead(HIDDEN, numClasses, dropRate)
  }

  override forward(x: Tensor): Tensor {
    return this.head(this.preLogits(this.forwardFeatures(x)))
  }

  /** The output of the last pool: (N, 512, H / 32, W / 32). */
  forwardFeatures(x: Tensor): Tensor {
    refuseSmall(x, this)
    return this.features(x)
  }
}

/** The side that five pools halve to 1. */
const LEAST_SIDE = 32

/** Throws ShapeError for images that the pools of `model` would leave nothing of. */
export function refuseSmall({ shape }: Tensor, model: nn.Module): void {
  if (shape.slice(-2).every(side => side >= LEAST_SIDE)) return
  throw new ShapeError(
    `Expected images of at least ${LEAST_SIDE} x ${LEAST_SIDE} for ${model.constructor.name}, which halves their sides five times, but received [${shape.join(', ')}].`,
  )
}

function featureLayers(
  layers: readonly number[],
  inChans: number,
  norm: NormName = 'none',
): nn.Module[] {
  let input = inChans
  return layers.flatMap((depth, stage) => {
    const out = VGG_CHANNELS[stage]
    const convs = Array.from({ length: depth }, () => {
      const conv = new nn.Conv2d(input, out, 3, { padding: 1 })
      input = out
      return norm === 'none' ? [conv, new nn.ReLU()] : [conv, createNorm(norm, out), new nn.ReLU()]
    })
    return [...convs.flat(), new nn.MaxPool2d(2)]
  })
}

/** Two linear layers over 7 x 7 positions, to which smaller maps are stretched. */
class PreLogits extends nn.Module {
  readonly fc1: nn.Conv2d
  readonly drop: nn.Dropout
  readonly fc2: nn.Conv2d

  constructor(channels: number, dropRate: number) {
    super()
    this.fc1 = new nn.Conv2d(channels, HIDDEN, SIDE)
    this.drop = new nn.Dropout(dropRate)
    this.fc2 = new nn.Conv2d(HIDDEN, HIDDEN, 1)
  }

  override forward(x: Tensor): Tensor {
    const [height, width] = x.shape.slice(-2)
    const wide = height < SIDE || width < SIDE
    const size: [number, number] = [Math.max(SIDE, height), Math.max(SIDE, width)]
    const y = wide ? nn.functional.adaptiveAvgPool2d(x, size) : x
    return this.fc2(this.drop(this.fc1(y).relu())).relu()
  }
}
