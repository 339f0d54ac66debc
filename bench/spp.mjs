// What measuring the signal of a model costs, beside the plain forward pass of it.
//   node bench/spp.mjs [--model nf_resnet50] [--batch 8] [--side 224] [--rounds 9] [--threads 2] [--json]
import { parseArgs } from 'node:util'
import { manualSeed, noGrad, randn, setNumThreads, tidy } from '@normfree/torch'
import { createModel, measureSignal } from 'normfree'
import { interleave, spread } from './interleave.mjs'

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'nf_resnet50' },
    batch: { type: 'string', default: '8' },
    side: { type: 'string', default: '224' },
    rounds: { type: 'string', default: '9' },
    threads: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
})
const [batch, side, rounds, threads] = ['batch', 'side', 'rounds', 'threads'].map(name =>
  Number(values[name]),
)
setNumThreads(threads)
manualSeed(0)
const model = createModel(values.model).train()
const images = randn([batch, 3, side, side])

/** A contestant of one process: seconds of `units` runs. */
const timed = work => ({
  async run(units) {
    const start = performance.now()
    for (let i = 0; i < units; i++) work()
    return (performance.now() - start) / 1000 / units
  },
})
const measured = timed(() => measureSignal(model, images))
const plain = timed(() => tidy(() => noGrad(() => void model(images))))
const pairs = await interleave(measured, plain, { rounds, units: 1 })

const result = {
  workload: `${values.model}, batch ${batch}, ${side} px, ${threads} threads; median and quartiles of ${rounds} interleaved rounds`,
  /** Seconds. */
  measured: spread(pairs.map(({ a }) => a)),
  plain: spread(pairs.map(({ b }) => b)),
  ratio: spread(pairs.map(({ a, b }) => a / b)),
}
const show = ({ median, low, high }) =>
  `${median.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`
if (values.json) console.log(JSON.stringify(result, null, 2))
else
  console.log(`${result.workload}

| | seconds |
|---|---|
| measureSignal | ${show(result.measured)} |
| plain forward pass | ${show(result.plain)} |

measured over plain: ${show(result.ratio)}`)
