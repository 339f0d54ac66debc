// VGGs whose biases are RescaleNet's: without shortcuts there is nothing to rescale, and what is left
// of the method is its bias in front of every layer but the first. Names, order and initialisation are
// those of hukkai/rescaling.
import { nn, type Tensor } from '@normfree/torch'
import { AddBias } from '../layers/add-bias.ts'
import { refuseSmall, VGG_CHANNELS, type VggOptions } from './vgg.ts'

/** Options of {@link RescaleVgg}. */
export interface RescaleVggOptions extends Omit<VggOptions, 'norm'> {
  /** Batches whose mean the biases start from; 0: plain biases. Default 8. */
  biasBatches?: number
}

const HIDDEN = 4096
/** Positions a side that the first linear layer takes in. */
const SIDE = 7

/** Images (N, inChans, H, W) to logits (N, numClasses, 1000 by default). */
export class RescaleVgg extends nn.Module {
  readonly features: nn.Sequential
  readonly avgpool = new nn.AdaptiveAvgPool2d(SIDE)
  readonly classifier: nn.Sequential

  constructor(options: RescaleVggOptions) {
    super()
    const { numClasses = 1000, dropRate = 0.5, biasBatches = 8 } = options
    const bias = () => new AddBias(HIDDEN, { batches: biasBatches, dimensions: 2 })
    this.features = new nn.Sequential(...featureLayers(options))
    this.classifier = new nn.Sequential(
      new nn.Linear(VGG_CHANNELS[4] * SIDE ** 2, HIDDEN, { bias: false }),
      new nn.ReLU(),
      new nn.Dropout(dropRate),
      bias(),
      new nn.Linear(HIDDEN, HIDDEN, { bias: false }),
      new nn.ReLU(),
      new nn.Dropout(dropRate),
      bias(),
      new nn.Linear(HIDDEN, numClasses),
    )
    for (const module of this.modules())
      if (module instanceof nn.Conv2d || module instanceof nn.Linear)
        nn.init.kaimingNormal_(module.weight, { mode: 'fan_out' })
  }

  override forward(x: Tensor): Tensor {
    return this.classifier(this.avgpool(this.forwardFeatures(x)).flatten(1))
  }

  /** The output of the last pool and bias: (N, 512, H / 32, W / 32). */
  forwardFeatures(x: Tensor): Tensor {
    refuseSmall(x, this)
    return this.features(x)
  }
}

function featureLayers({ layers, inChans = 3, biasBatches = 8 }: RescaleVggOptions): nn.Module[] {
  const bias = (channels: number) => new AddBias(channels, { batches: biasBatches })
  let input = inChans
  const stages = layers.flatMap((depth, stage) => {
    const out = VGG_CHANNELS[stage]
    const convs = Array.from({ length: depth }, (_, i) => {
      const first = stage === 0 && i === 0
      const conv = new nn.Conv2d(input, out, 3, { padding: 1, bias: false })
      const block = [...(first ? [] : [bias(input)]), conv, new nn.ReLU()]
      input = out
      return block
    })
    return [...convs.flat(), new nn.MaxPool2d(2)]
  })
  return [...stages, bias(input)]
}
