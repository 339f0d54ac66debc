// Training speed of the batch-norm ResNet-20 (batch 128, 32 px, channels-last) beside PyTorch eager.
//   node bench/resnet20.mjs [--threads 2] [--batch 128] [--precision float32|bfloat16] [--rounds 12] [--steps 10] [--json]
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { interleave, spread } from './interleave.mjs'
import { findPython, startPeer } from './peer.mjs'

const { values } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    batch: { type: 'string', default: '128' },
    precision: { type: 'string', default: 'float32' },
    rounds: { type: 'string', default: '12' },
    steps: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  },
})
const python = findPython()
if (!python) {
  console.error(
    'bench: expected a Python with torch beside which to measure; install python3-torch or set NORMFREE_BENCH_PYTHON.',
  )
  process.exit(2)
}
const here = name => fileURLToPath(new URL(`peers/${name}`, import.meta.url))
const settings = [values.threads, values.batch, values.precision]
const env = { OMP_NUM_THREADS: values.threads }
const ours = await startPeer(process.execPath, [here('resnet20.mjs'), ...settings, 'resnet20'], env)
const theirs = await startPeer(python, [here('resnet20.py'), ...settings], env)
const units = Number(values.steps)
const pairs = await interleave(ours, theirs, { rounds: Number(values.rounds), units })
ours.stop()
theirs.stop()

const images = units * Number(values.batch)
const result = {
  workload: `resnet20, batch ${values.batch}, ${values.precision}, ${values.threads} threads, channels-last`,
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
const show = ({ median, low, high }, digits) =>
  `${median.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`
if (values.json) console.log(JSON.stringify(result, null, 2))
else
  console.log(`${result.workload}; median and quartiles of ${result.rounds} interleaved rounds

| | images/s |
|---|---|
| ${result.engine} | ${show(result.imagesPerSecond.normfree, 0)} |
| ${result.peer} | ${show(result.imagesPerSecond.pytorch, 0)} |

speed over the peer's: ${show(result.ratio, 3)}`)
