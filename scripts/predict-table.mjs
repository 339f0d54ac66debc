// `node scripts/predict-table.mjs`: what predictSignal expects beside what measureSignal finds, for the
// nets of the papers' figures, into results/prediction.md. It exits with 1 where a mean over the draws
// lies outside the bar of its row.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { manualSeed, randn, tidy } from '@normfree/torch'
import { createModel, measureSignal, openBranches, predictSignal } from 'normfree'
import { root } from './setup.mjs'

/** @import { ModelOptions, PredictedTap, SignalTap } from 'normfree' */

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {number} side
 * @property {number} batch
 * @property {number} draws
 * @property {ModelOptions} [options]
 * @property {readonly number[]} [bars] largest error of each stage
 */

/** 5% in the first two stages and 15% in the last two for nets without pools in their shortcuts. */
const UNPOOLED = [0.05, 0.05, 0.15, 0.15]
const POOLED = [0.15, 0.15, 0.15, 0.15]

/** @type {readonly Row[]} */
const ROWS = [
  ...[0.2, 1].flatMap(alpha => [
    { name: 'dm_nf_resnet50', side: 224, batch: 4, draws: 3, options: { alpha }, bars: UNPOOLED },
    { name: 'dm_nf_resnet101', side: 224, batch: 2, draws: 3, options: { alpha }, bars: UNPOOLED },
    { name: 'dm_nf_resnet288', side: 224, batch: 2, draws: 1, options: { alpha }, bars: UNPOOLED },
  ]),
  { name: 'dm_nf_resnet50', side: 320, batch: 2, draws: 3, options: { alpha: 1 }, bars: UNPOOLED },
  ...['nf_regnet_b0', 'nf_resnet50', 'nfnet_f0', 'dm_nfnet_f0', 'eca_nfnet_l0'].map(name => ({
    ...{ name, side: 224, batch: 4, draws: 2, bars: POOLED },
  })),
  ...['resnetv2_50', 'resnetv2_50_relu_bn', 'resnetv2_50_linear', 'resnet50', 'fixup50'].map(
    name => ({
      ...{ name, side: 224, batch: 4, draws: 2 },
    }),
  ),
  ...['selu_resnetv2_50', 'rescale50', 'skipinit_resnet50', 'resnetv2_50_nonorm'].map(name => ({
    ...{ name, side: 224, batch: 4, draws: 2 },
  })),
]

/** @param {readonly number[]} values */
const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length

/** @param {Row} row */
function measure({ name, side, batch, draws, options = {} }) {
  /** @type {[PredictedTap[], SignalTap[]][]} */
  const pairs = Array.from({ length: draws }, (_, draw) => {
    manualSeed(draw)
    const model = createModel(name, options)
    openBranches(model)
    const { taps } = predictSignal(model, [3, side, side])
    const measured = tidy(() => measureSignal(model, randn([batch, 3, side, side])))
    for (const tensor of model.stateDict().values()) tensor.dispose()
    return [taps, measured]
  })
  return pairs[0][1].slice(1).map(({ stage, stageEnd }, i) => ({
    ...{ stage, stageEnd },
    expected: mean(pairs.map(([taps]) => taps[i + 1].channelVariance)),
    found: mean(pairs.map(([, taps]) => taps[i + 1].channelVariance)),
    branch: mean(
      pairs.map(
        ([taps, measured]) =>
          /** @type {number} */ (taps[i + 1].residualVariance) /
          /** @type {number} */ (measured[i + 1].residualVariance),
      ),
    ),
    single: Math.max(
      ...pairs.map(([taps, measured]) =>
        Math.abs(taps[i + 1].channelVariance / measured[i + 1].channelVariance - 1),
      ),
    ),
  }))
}

const percent = (/** @type {number} */ value) => `${(100 * value).toFixed(1)}%`
const short = (/** @type {number} */ value) => `${Number(value.toPrecision(3))}`

/** @type {string[]} */
const faults = []

/** @param {Row} row */
function describe(row) {
  const blocks = measure(row)
  const stages = [...new Set(blocks.map(({ stage }) => stage))]
  const title = [row.name, row.options?.alpha && `alpha ${row.options.alpha}`]
    .filter(Boolean)
    .join(', ')
  const errors = stages.map(stage => {
    const own = blocks.filter(block => block.stage === stage)
    const largest = Math.max(...own.map(({ expected, found }) => Math.abs(expected / found - 1)))
    const bar = row.bars?.[stage]
    if (bar !== undefined && !(largest <= bar))
      faults.push(`${title}: ${percent(largest)} in stage ${stage + 1}, above ${percent(bar)}`)
    return percent(largest)
  })
  const ends = blocks.filter(({ stageEnd }) => stageEnd)
  const cells = [
    ...[title, row.side, `${row.draws} x ${row.batch}`, errors.join(', ')],
    percent(Math.max(...blocks.map(({ single }) => single))),
    percent(
      Math.max(...blocks.map(({ branch }) => (Number.isFinite(branch) ? Math.abs(branch - 1) : 0))),
    ),
    ends.map(({ found }) => short(found)).join(', '),
    ends.map(({ expected }) => short(expected)).join(', '),
  ]
  const line = `| ${cells.join(' | ')} |`
  console.error(line)
  return line
}

const lines = ROWS.map(describe)
writeFileSync(
  join(root, 'results/prediction.md'),
  `# Expected and measured signals: \`node scripts/predict-table.mjs\`

\`predictSignal\` reads a model's operators and kernels on no image at all; \`measureSignal\` sends N(0, 1)
noise of "px" pixels a side through the same weights, branches open, in training mode. "Draws" are seeds
of the weights times images in each. Errors are of the channel variance, expected / measured - 1: the
largest of each stage's blocks, for the means over the draws; "one draw" is the largest of any block in
any draw, "branch" that of the residual variance's mean ratio. The last columns hold the channel variance
at the ends of the stages.

The bars are 5% in stages 1 and 2 and 15% in stages 3 and 4 for \`dm_nf_resnet*\`, and 15% for the nets whose
shortcuts average (\`nf_*\`, \`nfnet_*\`, \`dm_nfnet_*\`, \`eca_nfnet_*\`), which on white noise lose a factor of
about four at every transition. ${faults.length === 0 ? 'All are met.' : `Not met: ${faults.join('; ')}.`} The others have no bar: He et al.'s kernels without norms
pass on the mean of every activation, and what becomes of it differs from draw to draw.

| model | px | draws | error by stage | one draw | branch | measured | expected |
|---|---:|---|---|---:|---:|---|---|
${lines.join('\n')}
`,
)
if (faults.length > 0) {
  console.error(faults.join('\n'))
  process.exitCode = 1
}
