// The segmentation head of the NF-ResNets paper (Appendix H.1): a fully convolutional network (Long et
// al., 2015) of two dilated convolutions on a backbone whose last stage is dilated too.
import { nn, type Tensor } from '@normfree/torch'
import { activation, convNorm, type DenseForm, predictor } from './layers.ts'

/** Options of {@link FcnHead}. */
export interface FcnHeadOptions {
  /** Default 21: the classes of PASCAL VOC and the background. */
  numClasses?: number
  form: DenseForm
  /** Channels of the two convolutions. Default 256. */
  hiddenChannels?: number
}

/** Of both convolutions: with outputs 16 times smaller than the image, 96 pixels apart. */
const DILATION = 6

/**
 * (N, inChannels, h, w) to scores (N, numClasses, h, w): twice a 3 x 3 convolution of dilation 6 and
 * an activation, then a 1 x 1 convolution.
 */
export class FcnHead extends nn.Module {
  readonly conv1: nn.Module
  readonly act1: nn.Module
  readonly conv2: nn.Module
  readonly act2: nn.Module
  readonly fc: nn.Conv2d

  constructor(inChannels: number, options: FcnHeadOptions) {
    super()
    const { numClasses = 21, form, hiddenChannels = 256 } = options
    this.conv1 = convNorm(form, inChannels, hiddenChannels, 3, { dilation: DILATION })
    this.act1 = activation(form)
    this.conv2 = convNorm(form, hiddenChannels, hiddenChannels, 3, { dilation: DILATION })
    this.act2 = activation(form)
    this.fc = predictor(hiddenChannels, numClasses, 1)
  }

  override forward(x: Tensor): Tensor {
    return this.fc(this.act2(this.conv2(this.act1(this.conv1(x)))))
  }
}
