// Classifiers on a map of features, by timm's names: `head.fc`.
import { nn, type Tensor } from '@normfree/torch'

/** N(0, 0.01^2) weights and zero bias: timm's classifiers, and the NF-ResNets' (deepmind-research nfnets). */
export function initClassifier({ weight, bias }: nn.Linear | nn.Conv2d): void {
  nn.init.normal_(weight, 0, 0.01)
  if (bias) nn.init.zeros_(bias)
}

/** Mean over positions, dropout, linear layer: (N, features, H, W) to (N, numClasses). */
export class LinearHead extends nn.Module {
  readonly drop: nn.Dropout
  readonly fc: nn.Linear

  constructor(features: number, numClasses: number, dropRate: number) {
    super()
    this.drop = new nn.Dropout(dropRate)
    this.fc = new nn.Linear(features, numClasses)
    initClassifier(this.fc)
  }

  override forward(x: Tensor): Tensor {
    return this.fc(this.drop(x.mean([2, 3])))
  }
}

/** The same with a 1 x 1 convolution as the linear layer, as timm's ResNetV2 has it. */
export class ConvHead extends nn.Module {
  readonly drop: nn.Dropout
  readonly fc: nn.Conv2d

  constructor(features: number, numClasses: number, dropRate: number) {
    super()
    this.drop = new nn.Dropout(dropRate)
    this.fc = new nn.Conv2d(features, numClasses, 1)
    initClassifier(this.fc)
  }

  override forward(x: Tensor): Tensor {
    return this.fc(this.drop(x.mean([2, 3], true))).flatten(1)
  }
}
