// Peak resident memory of training NF-ResNet-50 (batch 8, 224 px, float32), beside PyTorch eager on
// timm's model of that name; each in a process of its own.
//   node bench/memory-nfresnet50.mjs [--steps 10] [--threads 2] [--json]
// The peer needs timm beside torch, for torch 1.13: pip install --no-deps timm==0.6.13, in a virtual
// environment made with --system-site-packages; NORMFREE_BENCH_PYTHON names its python.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findPython } from './peer.mjs'

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '10' },
    threads: { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
})
const python = findPython()
if (!python) {
  console.error(
    'bench: expected a Python with torch and timm; set NORMFREE_BENCH_PYTHON to one that has them.',
  )
  process.exit(2)
}

/** Runs a peer to its end: what it says of its version and its peak. */
function measure(command, name) {
  const script = fileURLToPath(new URL(`peers/${name}`, import.meta.url))
  const output = execFileSync(command, [script, values.threads, values.steps], {
    encoding: 'utf8',
    env: { ...process.env, OMP_NUM_THREADS: values.threads },
  })
  return JSON.parse(output)
}

const ours = measure(process.execPath, 'memory-nfresnet50.mjs')
const theirs = measure(python, 'memory-nfresnet50.py')
const ratio = ours.peakMB / theirs.peakMB
if (values.json) console.log(JSON.stringify({ normfree: ours, pytorch: theirs, ratio }, null, 2))
else
  console.log(`nf_resnet50, batch 8, 224 px, float32, ${values.steps} steps of SGD, ${values.threads} threads

| | peak resident MB |
|---|---|
| normfree on LibTorch ${ours.version} | ${ours.peakMB} |
| PyTorch ${theirs.version} eager, timm ${theirs.timm} | ${theirs.peakMB} |

ours over the peer's: ${ratio.toFixed(3)}`)
