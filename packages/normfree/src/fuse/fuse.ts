// The same function with fewer and plainer layers, for inference: what depends on weights alone is
// worked out once. As torch.fx.experimental.optimization.fuse, which knows convolutions and batch
// norms; here standardized convolutions and gamma and beta are added.
import { ArgumentError, nn, noGrad, type Tensor, tidy, zerosLike } from '@normfree/torch'
import { ConvertedConv2d } from '../convert/converted-conv.ts'
import { Conv2dSame, symmetricPadding } from '../layers/same-padding.ts'
import { ScaledStdConv2d } from '../layers/scaled-std-conv.ts'
import { StdConv2d } from '../layers/std-conv.ts'
import { replaceModules } from '../replace-modules.ts'
import { type BatchNorm, findLinks, type LinearLayer, type Links } from './links.ts'

/**
 * Folds, in place, and returns `model` in evaluation mode. Its outputs stay the same but for rounding
 * (1e-5 relative in float32); it is no longer meant to be trained, and its state dict is another.
 * - Convolutions with (Scaled) WS become plain ones: kernel, gain and gamma are one weight. What pads as
 *   SAME with a stride becomes a Conv2dSame, since its padding depends on the size.
 * - Batch norms with running statistics go into the convolution or linear layer in front of them;
 *   what stands behind a sum, a pool or an activation stays.
 * - gamma / beta of a ScaledActivation goes into the convolutions behind it where all of these are
 *   layers; behind other arithmetic (the mean in front of a classifier) it stays.
 * A layer that is called more than once in a pass is left as it is.
 *
 * @param example an input that the model takes, (N, C, H, W), N at least 1: what feeds what is found
 * by running the model on it. Small sizes do.
 * @throws ArgumentError for an example without elements.
 * @example fuse(createModel('nf_resnet50'), torch.randn([1, 3, 64, 64]))
 */
export function fuse<M extends nn.Module>(model: M, example: Tensor): M {
  if (example.numel === 0)
    throw new ArgumentError(
      `Expected an input with elements for \`example\` but received one of shape [${example.shape.join(', ')}].`,
    )
  const { norms, scales } = findLinks(model, example)
  noGrad(() =>
    tidy(() => {
      const plain = plainConvolutions(model)
      const current = (layer: LinearLayer) => plain.get(layer) ?? layer
      const replaced = new Map<nn.AnyModule, nn.AnyModule>(plain)
      for (const [norm, layer] of pairsOf(norms)) {
        foldNorm(current(layer), norm)
        replaced.set(norm, new nn.Identity())
      }
      for (const { producer, consumers } of scales) {
        const scale = producer.gamma / producer.beta
        for (const layer of consumers) setWeight(current(layer), current(layer).weight.mul(scale))
        replaced.set(producer, producer.activation)
      }
      replaceModules(model, replaced)
    }),
  )
  return model
}

const pairsOf = (norms: Links['norms']): [BatchNorm, LinearLayer][] =>
  norms.flatMap(({ producer, consumers }) =>
    consumers.map((norm): [BatchNorm, LinearLayer] => [norm, producer]),
  )

/** A convolution for each one that works its kernel out anew on every call. */
function plainConvolutions(model: nn.Module): Map<nn.AnyModule, nn.Conv2d> {
  const plain = new Map<nn.AnyModule, nn.Conv2d>()
  for (const module of model.modules())
    if (module instanceof ScaledStdConv2d || module instanceof StdConv2d)
      plain.set(module, plainConvolution(module))
  return plain
}

function plainConvolution(conv: ScaledStdConv2d | StdConv2d): nn.Conv2d {
  const { inChannels, outChannels, kernelSize, stride, dilation, groups, paddingMode } = conv
  const padsSame = conv instanceof ScaledStdConv2d && conv.samePadding
  const same = padsSame && (stride[0] > 1 || stride[1] > 1 || kernelSize[0] % 2 === 0)
  const padding = padsSame
    ? symmetricPadding({ kernelSize: kernelSize[0], stride: 1, dilation: dilation[0] })
    : conv.padding
  const form = { stride, dilation, groups, paddingMode, bias: conv.bias !== null }
  const folded = nn.utils.skipInit(() =>
    same
      ? new Conv2dSame(inChannels, outChannels, kernelSize[0], form)
      : new nn.Conv2d(inChannels, outChannels, kernelSize, { ...form, padding }),
  )
  const scale = conv instanceof ConvertedConv2d ? conv.scale : 1
  setWeight(folded, conv.standardizedWeight().mul(scale))
  if (conv.bias) setBias(folded, conv.bias.mul(scale))
  return folded.eval()
}

/** Batch norm in evaluation is x * scale + shift per channel (torch.nn.utils.fuse_conv_bn_weights). */
function foldNorm(layer: LinearLayer, norm: BatchNorm): void {
  const { runningMean, runningVar, weight: gain, bias: shift, eps } = norm
  const inverse = (runningVar as Tensor).to('float64').add(eps).rsqrt()
  const scale = gain ? inverse.mul(gain) : inverse
  const offset = (layer.bias ?? zerosLike(inverse)).sub(runningMean as Tensor).mul(scale)
  const { dtype, dim } = layer.weight
  const perOutput = scale.view([-1, ...Array.from({ length: dim - 1 }, () => 1)])
  setWeight(layer, layer.weight.mul(perOutput).to(dtype))
  setBias(layer, (shift ? offset.add(shift) : offset).to(dtype))
}

// Fresh parameters, as the old ones may be shared with a layer elsewhere.
type Writable = { weight: nn.Parameter; bias: nn.Parameter | null }

function setWeight(layer: LinearLayer, value: Tensor): void {
  ;(layer as Writable).weight = new nn.Parameter(value)
}

function setBias(layer: LinearLayer, value: Tensor): void {
  ;(layer as Writable).bias = new nn.Parameter(value)
}
