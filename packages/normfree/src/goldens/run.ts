// What a golden holds of a training step, measured on our model.
import { type nn as networks, nn, noGrad, optim, type Tensor, tidy, zeros } from '@normfree/torch'
import { adaptiveClipGrad_, gradientNorm } from '../clip.ts'
import { measureSignal } from '../signal/measure.ts'
import { residualBlocks } from '../signal/taps.ts'
import { fillParameters, referenceBatch } from './fill.ts'
import type { GoldenRun } from './golden.ts'

/** A run of ours: norms of gradients are exact, and `running` has them as references do. */
export interface MeasuredRun extends GoldenRun {
  /**
   * The same norms as PyTorch 1.13 sums them in float32, in eight running sums: over a million
   * elements they lose up to a thousandth, which references made with it have lost.
   */
  running: Pick<GoldenRun, 'gradNorm' | 'gradNormTotal'>
}

/**
 * What a golden holds of a run, measured on a model that is filled for it.
 *
 * @param units how far the images are moved, see referenceBatch
 */
export function measureRun(
  model: nn.Module,
  { batch, resolution }: Pick<GoldenRun, 'batch' | 'resolution'>,
  units = 0,
): MeasuredRun {
  fillParameters(model)
  const { images, labels } = referenceBatch(batch, resolution, units)
  const named = [...model.namedParameters()]
  const optimizer = new optim.SGD(
    named.map(([, parameter]) => parameter),
    { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 5e-5 },
  )
  const crossEntropy = (logits: Tensor) =>
    nn.functional.crossEntropy(logits, labels, { labelSmoothing: 0.1 })
  const residual = residualBlocks(model).length > 0
  const blocks = residual ? measureSignal(model, images).slice(1) : []
  model.train()
  return tidy(() => {
    const logits = model(images)
    const loss = crossEntropy(logits)
    loss.backward()
    const before = {
      ...{ batch, resolution, blocks: blocks.map(({ name, ...tap }) => ({ ...tap, block: name })) },
      logits: rows(logits.detach()),
      logitsNorm: logits.norm().item(),
      loss: loss.item(),
      gradNorm: Object.fromEntries(named.map(each => [each[0], gradientNorm([each])])),
      gradNormTotal: gradientNorm(named),
      running: runningNorms(named),
    }
    adaptiveClipGrad_(named, { clipFactor: 0.01, eps: 1e-3, reading: 'timm' })
    const gradNormAfterAGC = gradientNorm(named)
    optimizer.step()
    for (const { momentum_buffer } of optimizer.state.values())
      (momentum_buffer as Tensor).dispose()
    const after = noGrad(() => model(images))
    return {
      ...before,
      gradNormAfterAGC,
      lossAfterStep: crossEntropy(after).item(),
      logitsNormAfterStep: after.norm().item(),
    }
  })
}

function rows(logits: Tensor): number[][] {
  const [count, columns] = logits.shape
  const values = Array.from(logits.to('float64').data() as Float64Array)
  return Array.from({ length: count }, (_, i) => values.slice(i * columns, (i + 1) * columns))
}

type Named = readonly (readonly [name: string, parameter: networks.Parameter])[]

function runningNorms(named: Named): MeasuredRun['running'] {
  // One small buffer: a view of a gradient would keep it until the event loop turns.
  const buffer = zeros([CHUNK])
  const norms = named.map(([name, { grad }]): [string, number] => [
    name,
    grad ? runningNorm(grad, buffer) : 0,
  ])
  const gradNormTotal = Math.hypot(...norms.map(([, norm]) => norm))
  return { gradNorm: Object.fromEntries(norms), gradNormTotal }
}

/** A multiple of the number of sums. */
const CHUNK = 2 ** 16

function runningNorm(gradient: Tensor, buffer: Tensor): number {
  const [flat, values] = [gradient.flatten(), buffer.data()]
  const sums = new Float32Array(8)
  for (let start = 0; start < flat.numel; start += CHUNK) {
    const part = flat.slice(0, start, start + CHUNK)
    buffer.slice(0, 0, part.numel).copy_(part)
    for (let i = 0; i < part.numel; i++) sums[i & 7] += (values[i] as number) ** 2
  }
  return Math.sqrt(sums.reduce((total, sum) => total + sum, 0))
}
