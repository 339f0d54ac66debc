// Live tensors and resident set over training steps of the batch-norm ResNet-20 (batch 128, 32 px).
import { liveTensors, manualSeed, nn, optim, randint, randn, tidy } from '@normfree/torch'
import { createModel } from 'normfree'
import { readFlags } from '../scripts/flags.mjs'

const help = `Usage: node bench/memory.mjs [--steps 200] [--json]

Prints live tensors and resident memory over training steps of ResNet-20.`

const { steps, json } = readFlags(help, { steps: 200, json: false })
manualSeed(0)
const model = createModel('resnet20').to({ memoryFormat: 'channels_last' })
const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9, nesterov: true })
const images = randn([128, 3, 32, 32]).to({ memoryFormat: 'channels_last' })
const labels = randint(10, [128])

const rows = []
for (let step = 1; step <= steps; step++) {
  tidy(() => {
    optimizer.zeroGrad()
    nn.functional.crossEntropy(model(images), labels).backward()
    optimizer.step()
  })
  if (step === 10 || step % 50 === 0)
    rows.push({
      step,
      liveTensors: liveTensors().tensors,
      residentMB: Math.round(process.memoryUsage.rss() / 1e6),
    })
}
if (json) console.log(JSON.stringify(rows, null, 2))
else
  console.log(
    [
      '| step | live tensors | resident MB |',
      '|---|---|---|',
      ...rows.map(row => `| ${Object.values(row).join(' | ')} |`),
    ].join('\n'),
  )
