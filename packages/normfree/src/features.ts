// Maps of features at every scale, for dense prediction and for looking inside.
import { ArgumentError, keep, nn, type Tensor, tidy } from '@normfree/torch'
import { residualBlocks } from './signal/taps.ts'
import { blankPass, withHooks } from './undisturbed.ts'

/** A model that makes a map of features before it classifies: every one of the registry. */
export type Backbone = nn.Module & {
  /** What the classifier reads, (N, C, h, w). */
  forwardFeatures(x: Tensor): Tensor
}

/** @throws ArgumentError when `model` has no forwardFeatures. */
export function asBackbone(model: nn.Module): Backbone {
  if (typeof (model as { forwardFeatures?: unknown }).forwardFeatures === 'function')
    return model as unknown as Backbone
  throw new ArgumentError(
    `Expected a model with forwardFeatures() for \`model\` but received ${model.constructor.name}.`,
  )
}

/** Divided by every net's strides. */
const SIDE = 256

/** What `forwardFeatures` gives for images of 3, or `inChans`, channels; nothing is computed. */
export function featureMap(
  model: nn.Module,
  inChans = 3,
): { channels: number /** By how much the sides shrink. */; reduction: number } {
  const backbone = asBackbone(model)
  let shape: number[] = []
  blankPass(model, [inChans, SIDE], images => {
    shape = backbone.forwardFeatures(images).shape
  })
  return { channels: shape[1], reduction: SIDE / shape[2] }
}

/**
 * The map at the end of every stage, in order, as the next stage reads it; the last is what the
 * classifier reads (forwardFeatures). So nets with the activation behind the sum (ResNet, RegNet)
 * give what their blocks put out, and those with it in front (NF-ResNet, NFNet, ResNetV2) give that
 * behind the norm, activation and gamma / beta with which the next stage begins: the sum itself is
 * not activated, and its variance grows with depth. A stage of VGG ends with its pool.
 *
 * timm's `features_only` counts stages likewise, but gives pre-activation nets' sums as they are and
 * adds the stem's map in front.
 *
 * @param x images (N, C, H, W)
 * @returns (N, C_s, H_s, W_s) for each stage s, gradients through all
 * @throws ArgumentError for a model without stages.
 */
export function features(model: nn.Module, x: Tensor): Tensor[] {
  const backbone = asBackbone(model)
  const ends = stageEnds(model)
  const kept: Tensor[] = []
  // The scopes of the modules around would release what they do not return.
  const handles = ends.map(({ module }) =>
    module.registerForwardHook((_, __, y: Tensor) => {
      kept.push(keep(y))
    }),
  )
  const pass = () => {
    const last = backbone.forwardFeatures(x)
    return [...kept.map((y, i) => ends[i].read(y)), last]
  }
  try {
    return withHooks(handles, () => tidy(pass))
  } finally {
    for (const y of kept) y.dispose()
  }
}

/** What ends a stage that another follows, and how that one reads it. */
interface StageEnd {
  module: nn.AnyModule
  read(y: Tensor): Tensor
}

function stageEnds(model: nn.Module): StageEnd[] {
  const blocks = residualBlocks(model).map(([, block]) => block)
  const ofBlocks = blocks.slice(0, -1).map((block, i) => ({ block, next: blocks[i + 1] }))
  const found: StageEnd[] =
    blocks.length > 0
      ? ofBlocks
          .filter(({ block }) => block.position.stageEnd)
          .map(({ block, next }) => ({
            module: block,
            read: y => separate(y, next.activated(y)),
          }))
      : poolings(model).map(module => ({ module, read: y => separate(y, y) }))
  if (found.length > 0) return found
  throw new ArgumentError(
    `Expected a model with stages for \`model\` but received ${model.constructor.name}.`,
  )
}

/** All but the last. */
const poolings = (model: nn.Module): nn.Module[] =>
  model
    .modules()
    .flatMap(module => (module instanceof nn.MaxPool2d ? [module] : []))
    .slice(0, -1)

/** A tensor of its own where nothing was computed: `y` is given back. */
const separate = (y: Tensor, read: Tensor): Tensor => (read === y ? y.alias() : read)
