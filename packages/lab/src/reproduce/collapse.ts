// How an unnormalized net looks when its training collapses: the outputs, the weights, the spectra.
import { linalg, nn, noGrad, optim, tidy } from '@normfree/torch'
import { createModel, gradientNorm, ScaledStdConv2d } from 'normfree'
import type { Bench } from './bench.ts'
import type { Claim } from './claim.ts'
import { imageBatches, type LabelledImages } from './images.ts'
import { atLeast, atMost, digits } from './rows.ts'

const [BATCH, STEPS] = [64, 60]

/** Where a short training ended. */
interface End {
  /** Steps until the loss was no longer finite, or all. */
  steps: number
  /** Largest |logit| of the last finite step. */
  output: number
  /** Largest ratio of a kernel's norm to the norm it started from. */
  growth: number
  /** Largest ratio of a standardized kernel's singular values: the first to the last that is not 0. */
  condition: number
}

const kernels = (model: nn.Module): ScaledStdConv2d[] =>
  model
    .modules()
    .filter((module): module is ScaledStdConv2d & nn.AnyModule => module instanceof ScaledStdConv2d)

const norms = (model: nn.Module): number[] =>
  kernels(model).map(({ weight }) => tidy(() => weight.norm().item()))

/** The worst condition number; rows sum to 0, so a kernel with as many rows as columns has an exact 0. */
const conditionOf = (model: nn.Module): number =>
  Math.max(
    ...kernels(model).map(conv =>
      noGrad(() =>
        tidy(() => {
          const matrix = conv.standardizedWeight().reshape([conv.outChannels, -1])
          const [rows = 0, columns = 0] = matrix.shape
          const values = Array.from(linalg.svdvals(matrix).data() as Float32Array)
          return (values[0] as number) / (values[Math.min(rows, columns - 1) - 1] as number)
        }),
      ),
    ),
  )

function trainFor(batches: readonly LabelledImages[], lr: number): End {
  const model = createModel('nf_resnet20')
  const optimizer = new optim.SGD(model.parameters(), { lr, momentum: 0.9, nesterov: true })
  const before = norms(model)
  let [steps, output] = [0, 0]
  for (const { images, labels } of batches) {
    const finite = tidy(() => {
      optimizer.zeroGrad()
      const logits = model(images)
      const loss = nn.functional.crossEntropy(logits, labels)
      if (!Number.isFinite(loss.item())) return false
      output = logits.abs().max().item()
      loss.backward()
      // Weights stay those that the exploded outputs come from.
      if (!Number.isFinite(gradientNorm(model.namedParameters()))) return false
      optimizer.step()
      return true
    })
    if (!finite) break
    steps++
  }
  const growth = Math.max(...norms(model).map((norm, i) => norm / (before[i] as number)))
  return { steps, output, growth, condition: conditionOf(model) }
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
    const stable = trainFor(batches, 0.1)
    const collapsed = trainFor(batches, 10)
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
        `nf_resnet20, batch ${BATCH}. Rate 0.1: ${text(stable)}. Rate 10: ${text(collapsed)}.`,
      ],
    }
  },
}

/** Claims of this file. */
export const collapses: readonly Claim[] = [collapse]
