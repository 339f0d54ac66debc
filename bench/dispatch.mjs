// What one call of an operator costs on tensors too small to matter, beside Python's own PyTorch.
//   node bench/dispatch.mjs [--rounds 9] [--calls 20000] [--json]
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { interleave, spread } from './interleave.mjs'
import { findPython, startPeer } from './peer.mjs'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    calls: { type: 'string', default: '20000' },
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
const env = { OMP_NUM_THREADS: '1' }
const ours = await startPeer(process.execPath, [here('dispatch.mjs')], env)
const theirs = await startPeer(python, [here('dispatch.py')], env)
const [rounds, calls] = [Number(values.rounds), Number(values.calls)]
const operations = []
for (const name of ours.about.operations) {
  const pairs = await interleave(ours, theirs, { rounds, units: `${name} ${calls}` })
  operations.push({
    name,
    /** Microseconds a call. */
    normfree: spread(pairs.map(({ a }) => (a / calls) * 1e6)),
    pytorch: spread(pairs.map(({ b }) => (b / calls) * 1e6)),
    /** Our time over theirs, round by round. */
    ratio: spread(pairs.map(({ a, b }) => a / b)),
  })
}
ours.stop()
theirs.stop()

const result = {
  workload: `one call, smallest tensors, 1 thread, ${calls} calls a round`,
  peer: `PyTorch ${theirs.about.version} from Python`,
  engine: `normfree on LibTorch ${ours.about.version}`,
  rounds,
  operations,
}
const show = ({ median, low, high }) =>
  `${median.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`
if (values.json) console.log(JSON.stringify(result, null, 2))
else
  console.log(`${result.workload}; median and quartiles of ${rounds} interleaved rounds

| µs a call | ${result.engine} | ${result.peer} | ours over theirs |
|---|---|---|---|
${operations.map(({ name, normfree, pytorch, ratio }) => `| ${name} | ${show(normfree)} | ${show(pytorch)} | ${show(ratio)} |`).join('\n')}`)
