// The norms that a net can be built with, by name, and the convolutions that go with them.
import { nn, type Tensor } from '@normfree/torch'
import { StdConv2d } from './std-conv.ts'

/** `group_ws` is group norm with weight standardization in the convolutions in front of it. */
export const NORMS = ['batch', 'group', 'group_ws', 'layer', 'instance', 'none'] as const

/** The norms that a baseline may have; `group_ws` standardizes the kernels in front of it too. */
export type NormName = (typeof NORMS)[number]

/**
 * A norm of (N, channels, H, W), with gain and bias per channel. Group norm has 32 groups (Wu and He,
 * 2018), or the next fewer that divide the channels into groups of at least 2; layer norm is one group
 * over all channels and positions; `none` is the identity.
 */
export function createNorm(name: NormName, channels: number): nn.Module {
  switch (name) {
    case 'batch':
      return new nn.BatchNorm2d(channels)
    case 'group':
    case 'group_ws':
      return new nn.GroupNorm(groupsFor(channels), channels)
    case 'layer':
      return new nn.GroupNorm(1, channels)
    case 'instance':
      return new InstanceNorm2d(channels, { affine: true })
    case 'none':
      return new nn.Identity()
  }
}

function groupsFor(channels: number): number {
  let groups = Math.max(1, Math.min(32, Math.floor(channels / 2)))
  while (channels % groups !== 0) groups--
  return groups
}

/** LibTorch's has no empty batches, of which only shapes are asked (countMacs). */
class InstanceNorm2d extends nn.InstanceNorm2d {
  override forward(x: Tensor): Tensor {
    return x.shape[0] === 0 ? x : super.forward(x)
  }
}

/** What differs between the convolutions of a net. */
export interface ConvForm {
  stride?: number
  dilation?: number
  groups?: number
  bias?: boolean
}

/**
 * A convolution in a net of that norm: standardized for `group_ws`, with a bias where no norm adds one,
 * and padded so that stride 1 keeps the size.
 */
export function createConv(
  norm: NormName,
  inChannels: number,
  outChannels: number,
  kernelSize: number,
  options: ConvForm = {},
): nn.Conv2d {
  const bias = options.bias ?? norm === 'none'
  const padding = ((kernelSize - 1) / 2) * (options.dilation ?? 1)
  const Conv = norm === 'group_ws' ? StdConv2d : nn.Conv2d
  return new Conv(inChannels, outChannels, kernelSize, { ...options, padding, bias })
}

/** The learned gain of a norm, (channels); null for `none`. */
export const gainOf = (norm: nn.Module): nn.Parameter | null =>
  new Map(norm.namedParameters()).get('weight') ?? null
