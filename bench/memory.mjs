// Live tensors and resident set over training steps of the batch-norm ResNet-20 (batch 128, 32 px).
//   node bench/memory.mjs [--steps 200] [--json]
import { parseArgs } from 'node:util'
import { liveTensors, manualSeed, nn, optim, randint, randn, tidy } from '@normfree/torch'
import { createModel } from 'normfree'

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '200' }, json: { type: 'boolean', default: false } },
})
manualSeed(0)
const model = createModel('resnet20').to({ memoryFormat: 'channels_last' })
const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9, nesterov: true })
const images = randn([128, 3, 32, 32]).to({ memoryFormat: 'channels_last' })
const labels = randint(10, [128])

const steps = Number(values.steps)
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
if (values.json) console.log(JSON.stringify(rows, null, 2))
else
  console.log(
    [
      '| step | live tensors | resident MB |',
      '|---|---|---|',
      ...rows.map(row => `| ${Object.values(row).join(' | ')} |`),
    ].join('\n'),
  )
