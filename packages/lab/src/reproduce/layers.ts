// What the NF-ResNets paper says of single layers: squeeze-excite, average pools, and what
// standardized weights cost and do not.
import { nn, noGrad, optim, randn, type Tensor, tidy } from '@normfree/torch'
import {
  channelStatistics,
  createModel,
  fuse,
  openBranches,
  ScaledStdConv2d,
  SqueezeExcite,
} from 'normfree'
import type { Claim } from './claim.ts'
import { atLeast, atMost, equals, near } from './rows.ts'

const PAPER = 'Brock et al., 2021 (arXiv:2101.08692)'

const quietly = <T>(work: () => T): T => noGrad(() => tidy(work))

/** Largest distance over the largest value. */
const difference = (a: Tensor, b: Tensor): number =>
  quietly(() => a.sub(b).abs().max().div(b.abs().max()).item())

const squeezeExcite: Claim = {
  id: 'P-S2',
  title: 'The Monte-Carlo recipe finds the factor 2 for squeeze-excite',
  source: `${PAPER}, section 4.4 and appendix B.3 (the training runs without the factor are not repeated)`,
  scale: 'seconds',
  run() {
    const variance = (gain: number) =>
      quietly(() => {
        const layer = new SqueezeExcite(256, { ratio: 0.5, gain })
        return channelStatistics(layer(randn([16, 256, 32, 32]))).variance
      })
    const plain = variance(1)
    return {
      rows: [
        near('deviation behind the unmodified layer', 'paper', Math.sqrt(plain), 0.5, {
          relative: 0.03,
        }),
        near('variance behind the unmodified layer', 'theory', plain, 0.25, { relative: 0.05 }),
        near('variance with the gate doubled', 'paper', variance(2), 1, { relative: 0.05 }),
      ],
      slip: 'Section 4.4 calls it an expected variance of 0.5, appendix B.3 a signal magnitude of 0.5: it is the deviation. Doubling the gate mends it either way; for a variance of 0.5 the factor would be √2.',
    }
  },
}

const averagePool: Claim = {
  id: 'P-S3',
  title: 'A k x k average pool divides the deviation of white noise by k',
  source: `${PAPER}, appendix B.4`,
  scale: 'seconds',
  run() {
    const sizes = [2, 3, 4]
    const factors = sizes.map(size =>
      quietly(() => {
        const pooled = nn.functional.avgPool2d(randn([8, 64, 48, 48]), size)
        return 1 / Math.sqrt(channelStatistics(pooled).variance)
      }),
    )
    const smooth = quietly(() => {
      const grid = nn.functional.interpolate(randn([8, 64, 6, 6]), {
        size: [48, 48],
        mode: 'bilinear',
      })
      const before = channelStatistics(grid).variance
      const after = channelStatistics(nn.functional.avgPool2d(grid, 2)).variance
      return Math.sqrt(before / after)
    })
    return {
      rows: [
        near(
          'factor by which 2 x 2, 3 x 3 and 4 x 4 divide the deviation',
          'paper',
          factors,
          sizes,
          { relative: 0.03 },
        ),
      ],
      remarks: [
        `Of smooth images hardly anything is lost: noise on a 6 x 6 grid, enlarged to 48 x 48, is divided by ${smooth.toFixed(3)} in a 2 x 2 pool. That is why no correction is needed.`,
      ],
    }
  },
}

const standardizedWeights: Claim = {
  id: 'P-S8',
  title: 'Scaled WS is free at inference, couples no images of a batch, and trains as it tests',
  source: `${PAPER}, section 4.2`,
  scale: 'seconds',
  run() {
    const images = randn([4, 3, 32, 32])
    const other = randn([3, 3, 32, 32])
    const outputs = (model: nn.Module, mode: 'train' | 'eval') => {
      if (mode === 'train') model.train()
      else model.eval()
      return noGrad(() => model(images))
    }
    const coupling = (model: nn.Module) => {
      const mixed = images.clone()
      noGrad(() => void mixed.slice(0, 1).copy_(other))
      const alone = outputs(model, 'train').slice(0, 0, 1)
      return difference(noGrad(() => model(mixed)).slice(0, 0, 1), alone)
    }
    const nf = createModel('nf_resnet20')
    openBranches(nf)
    const bn = createModel('resnetv2_20')
    const trained = outputs(nf, 'train')
    const tested = outputs(nf, 'eval')
    const rows = [
      equals(
        'NF: change of an image’s logits when the others of its batch change',
        'paper',
        coupling(nf),
        0,
      ),
      atLeast('BN: the same, by batch norm', 'theory', coupling(bn), 1e-3),
      equals(
        'NF: logits in training over evaluation, difference',
        'paper',
        difference(trained, tested),
        0,
      ),
      atMost(
        'NF: change of the logits when the standardized weights are folded into plain ones',
        'paper',
        difference(outputs(fuse(nf, images), 'eval'), tested),
        1e-5,
      ),
    ]
    return { rows }
  },
}

const averagedWeights: Claim = {
  id: 'P-G5',
  title:
    'Averaging W and then standardizing is not averaging the standardized W; decay acts on a proxy',
  source: `${PAPER}, appendix G.1`,
  scale: 'seconds',
  run() {
    const conv = new ScaledStdConv2d(32, 32, 3, { bias: false })
    const decay = 0.9
    const ema = new optim.ExponentialMovingAverage(conv, { decay, warmup: false })
    const standardized = () => noGrad(() => conv.standardizedWeight())
    let average = standardized()
    for (let step = 0; step < 20; step++) {
      noGrad(() => void conv.weight.add_(randn(conv.weight.shape), { alpha: 0.03 }))
      ema.update()
      average = noGrad(() => average.lerp(standardized(), 1 - decay))
    }
    const last = standardized()
    const ofAverage = ema.use(standardized)
    noGrad(() => void conv.weight.mul_(0.5))
    return {
      rows: [
        atLeast(
          'standardized average over average of standardized: largest difference',
          'paper',
          difference(ofAverage, average),
          0.01,
        ),
        atMost(
          'change of the standardized kernel when weight decay has halved W',
          'theory',
          difference(standardized(), last),
          1e-5,
        ),
      ],
      remarks: ['A random walk of 20 steps, averages of decay 0.9, kernels of 32 x 32 x 3 x 3.'],
    }
  },
}

/** Claims of this file. */
export const layers: readonly Claim[] = [
  squeezeExcite,
  averagePool,
  standardizedWeights,
  averagedWeights,
]
