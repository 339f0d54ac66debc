// Peak resident memory of training NF-ResNet-50 (batch 8, 224 px, float32), beside PyTorch eager on
// timm's model of that name; each in a process of its own.
// The peer needs timm beside torch, for torch 1.13: pip install --no-deps timm==0.6.13, in a virtual
// environment made with --system-site-packages; NORMFREE_BENCH_PYTHON names its python.
import { execFileSync } from 'node:child_process'
import { readFlags } from '../scripts/flags.mjs'
import { peerScript, requirePython } from './peer.mjs'

const help = `Usage: node bench/memory-nfresnet50.mjs [--steps 10] [--threads 2] [--json]

Measures the peak memory of training NF-ResNet-50 beside timm's on PyTorch eager.`

const { steps, threads, json } = readFlags(help, { steps: 10, threads: 2, json: false })
const python = requirePython('timm')

/** Runs a peer to its end: what it says of its version and its peak. */
function measure(command, name) {
  const output = execFileSync(command, [peerScript(name), `${threads}`, `${steps}`], {
    encoding: 'utf8',
    env: { ...process.env, OMP_NUM_THREADS: `${threads}` },
  })
  return JSON.parse(output)
}

const ours = measure(process.execPath, 'memory-nfresnet50.mjs')
const theirs = measure(python, 'memory-nfresnet50.py')
const ratio = ours.peakMB / theirs.peakMB
if (json) console.log(JSON.stringify({ normfree: ours, pytorch: theirs, ratio }, null, 2))
else
  console.log(`nf_resnet50, batch 8, 224 px, float32, ${steps} steps of SGD, ${threads} threads

| | peak resident MB |
|---|---|
| normfree on LibTorch ${ours.version} | ${ours.peakMB} |
| PyTorch ${theirs.version} eager, timm ${theirs.timm} | ${theirs.peakMB} |

ours over the peer's: ${ratio.toFixed(3)}`)
