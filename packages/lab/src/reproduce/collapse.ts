// How an unnormalized net looks when its training collapses: the outputs, the weights, the spectra.
import { nn, optim, type Tensor, tidy } from '@normfree/torch'
import { createModel, kernelSpectra, ScaledStdConv2d } from 'normfree'
import type { Bench } from './bench.ts'
import type { Claim } from './claim.ts'
import { imageBatches, type LabelledImages } from './images.ts'
import { atLeast, atMost, digits } from './rows.ts'

const [BATCH, STEPS] = [64, 120]
/** A rate at which the net trains. */
const RATE = 0.1

/** Logits that size are an explosion: those of a net that trains are of the order of 1. */
const EXPLODED = 100

/** How a net was when its outputs had exploded, or after all steps. */
interface End {
  /** Steps that were taken. */
  steps: number
  /** Largest |logit|. */
  output: number
  /** Largest ratio of a kernel's norm to the norm it started from. */
  growth: number
  /** Largest condition number of a kernel, standardized as it is used. */
  condition: number
}

const kernels = (model: nn.Module): ScaledStdConv2d[] =>
  model
    .modules()
    .filter((module): module is ScaledStdConv2d & nn.AnyModule => module instanceof ScaledStdConv2d)

const norms = (model: nn.Module): number[] =>
  kernels(model).map(({ weight }) => tidy(() => weight.norm().item()))

/**
 * Trains at a rate that grows by that factor a step, up to the first outputs that have exploded; what
 * is measured are the weights that they come from.
 */
function trainFor(batches: readonly LabelledImages[], growthOfRate: number): End {
  const model = createModel('nf_resnet20')
  const optimizer = new optim.SGD(model.parameters(), {
    lr: RATE,
    momentum: 0.9,
    nesterov: true,
  })
  const before = norms(model)
  let [steps, output] = [0, 0]
  for (const { images, labels } of batches) {
    tidy(() => {
      optimizer.zeroGrad()
      const logits = model(images)
      output = logits.abs().max().item()
      if (!(output < EXPLODED)) return
      nn.functional.crossEntropy(logits, labels).backward()
      optimizer.step()
    })
    if (!(output < EXPLODED)) break
    steps++
    for (const group of optimizer.paramGroups) group.lr *= growthOfRate
  }
  const growth = Math.max(...norms(model).map((norm, i) => norm / (before[i] as number)))
  const conditions = kernelSpectra(model, batches[0]?.images as Tensor).map(
    ({ conditionNumber }) => conditionNumber,
  )
  return { steps, output, growth, condition: Math.max(...conditions) }
}

const text = ({ steps, output, growth, condition }: End): string =>
  `${steps} steps, |logit| ${digits(output)}, kernels ${digits(growth)} times their norm, condition ${digits(condition)}`

const collapse: Claim = {
  id: 'P-S9',
  title: 'When training collapses outputs explode, weights do not, and spectra are ill-conditioned',
  source: 'Brock et al., 2021 (arXiv:2101.08692), appendix A.1',
  scale: 'minutes',
  async run(bench: Bench) {
    const batches = await imageBatches(bench, BATCH, STEPS)
    const stable = trainFor(batches, 1)
    const collapsed = trainFor(batches, 1.05)
    return {
      rows: [
        atLeast('outputs: collapsed over stable', 'paper', collapsed.output / stable.output, 100),
        atMost('kernel norms: collapsed over initial, worst layer', 'paper', collapsed.growth, 10),
        atLeast(
          'condition of the standardized kernels: collapsed over stable, worst layer',
          'paper',
          collapsed.condition / stable.condition,
          2,
        ),
      ],
      remarks: [
        `nf_resnet20, batch ${BATCH}. Rate ${RATE}: ${text(stable)}. The same rate, growing by 5% a step until the outputs exceed ${EXPLODED}: ${text(collapsed)}.`,
      ],
    }
  },
}

/** Claims of this file. */
export const collapses: readonly Claim[] = [collapse]
