// Clipping, averages and schedules: closed forms and values of the released code.
import { nn, noGrad, optim, randn, tensor, tidy, zeros } from '@normfree/torch'
import { adaptiveClipGrad_, channelStatistics } from 'normfree'
import type { Claim } from './claim.ts'
import { atLeast, atMost, near } from './rows.ts'

const REPORT = 'Weights & Biases report on NFNets, “A minimal ablation study”'
const NFNETS = 'Brock et al., 2021 (arXiv:2102.06171)'
const DIGITS = { relative: 1e-5 }

/** Gradients after adaptive clipping of one matrix whose rows are units. */
function clipped(weights: number[][], gradients: number[][]): number[][] {
  const weight = new nn.Parameter(tensor(weights))
  weight.grad = tensor(gradients)
  adaptiveClipGrad_([['weight', weight]], { clipFactor: 0.01, eps: 1e-3 })
  return weight.grad.toArray() as number[][]
}

const unitwise: Claim = {
  id: 'W7',
  title: 'Adaptive clipping bounds the gradient of each unit by λ times the norm of its weights',
  source: `${REPORT}; ${NFNETS}, equation 3`,
  scale: 'seconds',
  run() {
    const rows = clipped(
      [
        [3, 4],
        [3, 4],
        [0, 0],
        [0.1, 0],
      ],
      [
        [0.03, 0.04],
        [0.3, 0.4],
        [3e-4, 4e-4],
        [0, 0.002],
      ],
    )
    return {
      rows: [
        near('at the bound: kept', 'theory', rows[0] as number[], [0.03, 0.04], DIGITS),
        near(
          'ten times the bound: scaled to it',
          'theory',
          rows[1] as number[],
          [0.03, 0.04],
          DIGITS,
        ),
        near('weights 0: bound λ ε = 1e-5', 'theory', rows[2] as number[], [6e-6, 8e-6], DIGITS),
        near('weights 0.1: bound 1e-3', 'theory', rows[3] as number[], [0, 0.001], DIGITS),
      ],
      remarks: ['λ = 0.01 and ε = 1e-3, two weights a unit.'],
    }
  },
}

const zeroUnits: Claim = {
  id: 'W8',
  title: 'ε = 1e-3 keeps units that start at 0 trainable',
  source: `${REPORT}; ${NFNETS}, section 4.1`,
  scale: 'seconds',
  run() {
    const grow = (eps: number) => {
      const weight = new nn.Parameter(zeros([1, 4]))
      const sgd = new optim.SGD([weight], { lr: 1.6 })
      for (let step = 0; step < 200; step++) {
        weight.grad = tensor([[1, 0, 0, 0]])
        adaptiveClipGrad_([['weight', weight]], { clipFactor: 0.01, eps })
        sgd.step()
      }
      return Math.abs((weight.toArray() as number[][])[0]?.[0] as number)
    }
    const grown = grow(1e-3)
    return {
      rows: [
        atLeast('norm after 200 steps from 0', 'theory', grown, 1e-3),
        atMost('the same with ε = 1e-20 in its place', 'theory', grow(1e-20), 1e-6),
      ],
      remarks: [
        'At first a unit moves by at most lr λ ε = 1.6e-5 a step; once its norm exceeds ε the bound grows with it.',
      ],
    }
  },
}

const reportStandardization: Claim = {
  id: 'W15',
  title: 'The report’s weight standardization, as printed',
  source: REPORT,
  scale: 'seconds',
  run() {
    const measured = noGrad(() =>
      tidy(() => {
        const weight = randn([64, 288]).mul(0.3).add(0.1)
        const center = weight.mean([1], true)
        const scaled = weight.square().sub(center.square()).mean([1])
        const standard = weight.sub(center).square().mean([1])
        const printed = weight.sub(center).div(standard.sqrt().unsqueeze(1)).view([64, 32, 3, 3])
        const z = nn.functional.conv2d(randn([4, 32, 34, 34]).relu(), printed)
        return {
          difference: scaled.div(standard).sub(1).abs().max().item(),
          variance: channelStatistics(z).variance,
        }
      }),
    )
    const reluVariance = (1 - 1 / Math.PI) / 2
    return {
      rows: [
        atMost(
          '"scaled" over "standard" σ²: largest relative difference',
          'theory',
          measured.difference,
          1e-4,
        ),
        near(
          'variance behind a layer of 288 inputs, as printed: 288 σ_g²',
          'theory',
          measured.variance,
          288 * reluVariance,
          {
            relative: 0.05,
          },
        ),
      ],
      slip: 'The report tells standard from scaled weight standardization by two formulas for σ² that are the same number. What makes it scaled is the factor γ/√N, which the report leaves out: as printed the variance grows N times a layer.',
    }
  },
}

const schedule: Claim = {
  id: 'schedule',
  title: 'Warm-up over 5 epochs to lr 0.4, then a cosine to 0 (90 epochs at batch 1024)',
  source: 'deepmind-research nfnets, WarmupCosineDecay',
  scale: 'seconds',
  run() {
    const images = 1_281_167
    const totalSteps = Math.floor((images * 90) / 1024)
    const rate = optim.warmupCosine({ lr: 0.4, totalSteps, warmupSteps: (5 * images) / 1024 })
    const steps = [1000, 6255, 6256, 50_000, 100_000, totalSteps]
    const expected = [0.063942, 0.399955, 0.4, 0.25499, 0.0137, 0]
    return {
      rows: [
        near(`rate at steps ${steps.join(', ')}`, 'code', steps.map(rate), expected, {
          absolute: 1e-6,
        }),
      ],
    }
  },
}

const averaging: Claim = {
  id: 'ema',
  title: 'Averaged weights with warm-up: decay min(0.99999, (1 + i)/(10 + i))',
  source: 'Brock et al., 2021 (arXiv:2101.08692), appendix C; deepmind-research nfnets',
  scale: 'seconds',
  run() {
    const layer = new nn.Linear(1, 1, { bias: false })
    nn.init.ones_(layer.weight)
    const ema = new optim.ExponentialMovingAverage(layer, { decay: 0.99999 })
    nn.init.zeros_(layer.weight)
    for (let step = 0; step < 5; step++) ema.update()
    const average = ema.use(() => layer.weight.item())
    const expected = [1, 2, 3, 4, 5].reduce((product, i) => (product * i) / (9 + i), 1)
    const steps = [112_602, 450_410]
    const decays = steps.map(i => Math.min(0.99999, (1 + i) / (10 + i)))
    return {
      rows: [
        near('an average from 1 after five steps towards 0', 'code', average, expected, DIGITS),
        near(
          `decay after ${steps.join(' and ')} steps: below the cap`,
          'theory',
          decays,
          [0.99992, 0.99998],
          { absolute: 1e-7 },
        ),
      ],
      slip: 'The text prints the decay as min(i, (1 + i)/(10 + i)), where i counts steps; the code has the decay in place of the first i. In the 450,410 steps of the longest recipe the cap of 0.99999 is never reached.',
    }
  },
}

/** Claims of this file. */
export const optimisation: readonly Claim[] = [
  unitwise,
  zeroUnits,
  reportStandardization,
  schedule,
  averaging,
]
