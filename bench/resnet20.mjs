// Training speed of the batch-norm ResNet-20 (batch 128, 32 px, channels-last) beside PyTorch eager.
import { readFlags } from '../scripts/flags.mjs'
import { interleave, spread, spreadText } from './interleave.mjs'
import { startPair } from './peer.mjs'

const help = `Usage: node bench/resnet20.mjs [--threads 2] [--batch 128] [--precision float32|bfloat16] [--rounds 12] [--steps 10] [--json]

Measures the training speed of ResNet-20 beside PyTorch eager, in interleaved rounds of some steps.`

const { threads, batch, precision, rounds, steps, json } = readFlags(help, {
  threads: 2,
  batch: 128,
  precision: ['float32', 'bfloat16'],
  rounds: 12,
  steps: 10,
  json: false,
})
const settings = [`${threads}`, `${batch}`, precision]
const [ours, theirs] = await startPair('resnet20', settings, { OMP_NUM_THREADS: `${threads}` })
const pairs = await interleave(ours, theirs, { rounds, units: steps })
ours.stop()
theirs.stop()

const images = steps * batch
const result = {
  workload: `resnet20, batch ${batch}, ${precision}, ${threads} threads, channels-last`,
  peer: `PyTorch ${theirs.about.version} eager`,
  engine: `normfree on LibTorch ${ours.about.version}`,
  imagesPerSecond: {
    normfree: spread(pairs.map(({ a }) => images / a)),
    pytorch: spread(pairs.map(({ b }) => images / b)),
  },
  /** Our speed over theirs, round by round. */
  ratio: spread(pairs.map(({ a, b }) => b / a)),
  rounds: pairs.length,
}
if (json) console.log(JSON.stringify(result, null, 2))
else
  console.log(`${result.workload}; median and quartiles of ${result.rounds} interleaved rounds

| | images/s |
|---|---|
| ${result.engine} | ${spreadText(result.imagesPerSecond.normfree, 0)} |
| ${result.peer} | ${spreadText(result.imagesPerSecond.pytorch, 0)} |

speed over the peer's: ${spreadText(result.ratio, 3)}`)
