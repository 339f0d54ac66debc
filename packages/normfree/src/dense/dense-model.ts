// Dense prediction on any backbone of the registry: its last map of features, a head, and the image's
// own size again.
import { ArgumentError, nn, type Tensor } from '@normfree/torch'
import { asBackbone, type Backbone, featureMap } from '../features.ts'
import type { ModelOptions } from '../models/entry.ts'
import { createModel, modelEntry } from '../registry.ts'
import { FcnHead } from './fcn-head.ts'
import type { DenseForm } from './layers.ts'
import { UpProjectionHead } from './up-projection.ts'

/**
 * Images (N, C, H, W) to maps (N, K, H, W): `head` on what the backbone's classifier would read,
 * stretched to the image's size bilinearly. The classifier itself stays unused.
 */
export class DenseModel extends nn.Module {
  readonly backbone: Backbone
  readonly head: nn.Module

  constructor(backbone: nn.Module, head: nn.Module) {
    super()
    this.backbone = asBackbone(backbone)
    this.head = head
  }

  override forward(x: Tensor): Tensor {
    const y = this.head(this.backbone.forwardFeatures(x))
    return nn.functional.interpolate(y, { size: x.shape.slice(2), mode: 'bilinear' })
  }
}

/** What dense models of both kinds take. */
export interface DenseOptions extends Omit<ModelOptions, 'numClasses'> {
  /** The head's. Default: 'batch' where the backbone has batch norms, else 'nf'. */
  form?: DenseForm
}

/** Options of {@link createSegmentationModel}. */
export interface SegmentationOptions extends DenseOptions {
  /** Default 21. */
  numClasses?: number
}

/**
 * An FCN (see FcnHead) on the registry's model `backbone`: images to scores (N, numClasses, H, W).
 * By default the backbone divides the sides by 16, its last stage dilated (NF-ResNets, H.1), where it
 * has stages to dilate.
 *
 * @throws UnknownModelError for a name that the registry does not have.
 * @example createSegmentationModel('nf_resnet50', { numClasses: 21 })
 */
export function createSegmentationModel(
  backbone: string,
  options: SegmentationOptions = {},
): DenseModel {
  const dilates = modelEntry(backbone).options.includes('outputStride')
  const { numClasses, form, ...rest } = {
    ...(dilates && { outputStride: 16 as const }),
    ...options,
  }
  return build(
    backbone,
    rest,
    form,
    (channels, form) =>
      new FcnHead(channels, { form, ...(numClasses !== undefined && { numClasses }) }),
  )
}

/**
 * Depth by up-projection (see UpProjectionHead) on the registry's model `backbone`: images to depths
 * (N, 1, H, W).
 *
 * @throws UnknownModelError for a name that the registry does not have.
 * @example createDepthModel('nf_resnet50')
 */
export function createDepthModel(backbone: string, options: DenseOptions = {}): DenseModel {
  const { form, ...rest } = options
  return build(backbone, rest, form, (channels, form) => new UpProjectionHead(channels, { form }))
}

function build(
  name: string,
  options: ModelOptions,
  form: DenseForm | undefined,
  head: (channels: number, form: DenseForm) => nn.Module,
): DenseModel {
  if (form !== undefined && form !== 'batch' && form !== 'nf')
    throw new ArgumentError(
      `Expected 'batch' or 'nf' for \`form\` but received ${JSON.stringify(form)}.`,
    )
  const backbone = createModel(name, options)
  const normed = backbone.modules().some(module => module instanceof nn.BatchNorm2d)
  const { channels } = featureMap(backbone, options.inChans)
  return new DenseModel(backbone, head(channels, form ?? (normed ? 'batch' : 'nf')))
}
