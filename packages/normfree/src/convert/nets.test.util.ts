// Nets of users, to convert in tests; not part of the package.
import { nn, type Tensor } from '@normfree/torch'
import { StochasticDepth } from '../layers/stochastic-depth.ts'

const conv = (input: number, out: number, kernelSize = 3, stride = 1) =>
  new nn.Conv2d(input, out, kernelSize, { stride, padding: (kernelSize - 1) / 2, bias: false })

/** x * sigmoid(fc(relu(fc(mean)))), with nothing to make up for it. */
class Gate extends nn.Module {
  readonly fc1: nn.Conv2d
  readonly fc2: nn.Conv2d

  constructor(channels: number) {
    super()
    this.fc1 = new nn.Conv2d(channels, channels / 4, 1)
    this.fc2 = new nn.Conv2d(channels / 4, channels, 1)
  }

  override forward(x: Tensor): Tensor {
    return x.mul(this.fc2(this.fc1(x.mean([2, 3], true)).relu()).sigmoid())
  }
}

/** What a {@link UserBlock} has beside its convolutions. */
export interface UserBlockOptions {
  /** A gate behind the last norm. */
  gated?: boolean
  /** A scalar that starts at 0. */
  rezero?: boolean
  dropPath?: number
}

class UserBlock extends nn.Module {
  readonly conv1: nn.Conv2d
  readonly bn1: nn.BatchNorm2d
  readonly conv2: nn.Conv2d
  readonly bn2: nn.BatchNorm2d
  readonly shortcut: nn.Sequential | null
  readonly gate: Gate | null
  readonly weight: nn.Parameter | null
  readonly drop: StochasticDepth

  constructor(input: number, out: number, stride: number, options: UserBlockOptions) {
    super()
    this.conv1 = conv(input, out, 3, stride)
    this.bn1 = new nn.BatchNorm2d(out)
    this.conv2 = conv(out, out)
    this.bn2 = new nn.BatchNorm2d(out)
    this.shortcut =
      stride > 1 ? new nn.Sequential(conv(input, out, 1, stride), new nn.BatchNorm2d(out)) : null
    this.gate = options.gated ? new Gate(out) : null
    this.weight = options.rezero ? new nn.Parameter(this.conv1.weight.detach().sum().mul(0)) : null
    this.drop = new StochasticDepth(options.dropPath ?? 0)
  }

  override forward(x: Tensor): Tensor {
    const y = this.bn2(this.conv2(nn.functional.relu(this.bn1(this.conv1(x)))))
    const gated = this.drop(this.gate ? this.gate(y) : y)
    const branch = this.weight ? gated.mul(this.weight) : gated
    return nn.functional.relu(branch.add(this.shortcut ? this.shortcut(x) : x))
  }
}

/** A ResNet as users write them: functional relu, sums in plain forwards, a view in front of the head. */
export class UserResNet extends nn.Module {
  readonly conv1 = conv(3, 32)
  readonly bn1 = new nn.BatchNorm2d(32)
  readonly layers: nn.Sequential
  readonly fc = new nn.Linear(64, 10)

  constructor(options: UserBlockOptions = {}) {
    super()
    this.layers = new nn.Sequential(
      new UserBlock(32, 32, 1, options),
      new UserBlock(32, 32, 1, options),
      new UserBlock(32, 64, 2, options),
      new UserBlock(64, 64, 1, options),
    )
  }

  override forward(x: Tensor): Tensor {
    const y = this.layers(this.bn1(this.conv1(x)).relu())
    return this.fc(y.mean([2, 3]).view([-1, 64]))
  }
}

/** One of each thing that does not convert, among some that do. */
export class Obstinate extends nn.Module {
  readonly input = new nn.BatchNorm2d(3)
  readonly stem = conv(3, 8)
  readonly stemNorm = new nn.BatchNorm2d(8)
  readonly twice = conv(8, 8)
  readonly norm1 = new nn.BatchNorm2d(8)
  readonly norm2 = new nn.BatchNorm2d(8)
  readonly scale = new nn.Conv2d(8, 8, 1, { groups: 8 })
  readonly scaleNorm = new nn.BatchNorm2d(8)
  readonly group = new nn.GroupNorm(2, 8)
  readonly depthwise = new nn.Conv2d(8, 8, 3, { groups: 8 })
  readonly depthwiseNorm = new nn.BatchNorm2d(8)
  readonly called = conv(8, 8)
  readonly fc = new nn.Linear(8, 8)
  readonly features = new nn.BatchNorm1d(8)

  override forward(x: Tensor): Tensor {
    let y = this.stemNorm(this.stem(this.input(x))).relu()
    y = this.norm1(this.twice(y)).relu()
    y = this.norm2(this.twice(y)).relu()
    y = this.group(this.scaleNorm(this.scale(y)))
    y = this.depthwiseNorm(this.depthwise(y)).relu()
    y = nn.functional.batchNorm(this.called(y), null, null, { training: true })
    return this.features(this.fc(y.relu().mean([2, 3])))
  }
}
