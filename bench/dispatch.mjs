// What one call of an operator costs on tensors too small to matter, beside Python's own PyTorch.
import { readFlags } from '../scripts/flags.mjs'
import { interleave, spread, spreadText } from './interleave.mjs'
import { startPair } from './peer.mjs'

const help = `Usage: node bench/dispatch.mjs [--rounds 9] [--calls 20000] [--json]

Measures what a call of an operator costs beside Python's own PyTorch, in interleaved rounds.`

const { rounds, calls, json } = readFlags(help, { rounds: 9, calls: 20000, json: false })
const [ours, theirs] = await startPair('dispatch', [], { OMP_NUM_THREADS: '1' })
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
const show = value => spreadText(value, 2)
if (json) console.log(JSON.stringify(result, null, 2))
else
  console.log(`${result.workload}; median and quartiles of ${rounds} interleaved rounds

| µs a call | ${result.engine} | ${result.peer} | ours over theirs |
|---|---|---|---|
${operations.map(({ name, normfree, pytorch, ratio }) => `| ${name} | ${show(normfree)} | ${show(pytorch)} | ${show(ratio)} |`).join('\n')}`)
