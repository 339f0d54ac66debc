// What timm 1.0.22 computes with PyTorch 1.13 in float32 from the weights and images of
// goldens/fill.ts (two images of 64 px, training mode), and a digest of its names and shapes.
import { createHash } from 'node:crypto'
import { nn } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { gradientNorm } from '../clip.ts'
import { fillParameters, referenceBatch } from '../goldens/index.ts'
import { createModel } from '../registry.ts'

/** Null where float32 does not determine it: batch norm over eight values amplifies rounding. */
type Row = [name: string, digest: string, logits: number, loss: number, gradient: number | null]

const ROWS: Row[] = [
  ['resnet18', 'd50237547253251c', 41.682480998899834, 7.654415607452393, 96.6178406197821],
  ['resnext50_32x4d', 'e42fe0214381e77c', 51.967022648455476, 6.205219268798828, null],
  ['resnet50_gn', '8113ab354eee864b', 60.68949266667589, 7.014400005340576, 94.65825107432818],
  ['resnetv2_34', '1f3a1d1007c704dd', 21.530136765366002, 6.4644880294799805, 93.37624469886032],
  ['regnety_002', 'effadb70473789c3', 79.93203386744655, 7.067375659942627, 731.16917570808],
  ['efficientnet_b0', '18cb3c3892f6462d', 14.35401574986953, 7.324620723724365, 97.0280623321214],
]

/** Names and shapes alone. */
const NAMED: [name: string, digest: string][] = [
  ['regnety_040', '7b3719f08c972a1e'],
  ['vgg11', 'a801e097abdc5779'],
]

function digestOf(model: nn.Module): string {
  const lines = Array.from(model.stateDict(), ([name, { shape }]) => `${name} ${shape.join(',')}`)
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16)
}

const build = (name: string): nn.Module => nn.utils.skipInit(() => createModel(name))

describe('timm’s values of', () => {
  const { images, labels } = referenceBatch(2, 64)
  const relative = (actual: number, expected: number) => Math.abs(actual / expected - 1)

  it.each(ROWS)('%s are computed: logits, loss and gradient', (name, digest, ...values) => {
    const model = build(name)
    expect(digestOf(model)).toBe(digest)
    fillParameters(model)
    const logits = model(images)
    const loss = nn.functional.crossEntropy(logits, labels, { labelSmoothing: 0.1 })
    loss.backward()
    const [logitsNorm, expectedLoss, gradient] = values
    expect(relative(logits.norm().item(), logitsNorm)).toBeLessThan(1e-4)
    expect(relative(loss.item(), expectedLoss)).toBeLessThan(1e-4)
    if (gradient !== null)
      expect(relative(gradientNorm(model.namedParameters()), gradient)).toBeLessThan(1e-3)
  })

  it.each(NAMED)('%s are named and shaped alike', (name, digest) => {
    expect(digestOf(build(name))).toBe(digest)
  })
})
