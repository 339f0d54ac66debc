// Our side of bench/memory-nfresnet50.mjs: trains, and prints the peak of its resident set.
import {
  arange,
  engineInfo,
  manualSeed,
  nn,
  optim,
  randn,
  setNumThreads,
  tidy,
} from '@normfree/torch'
import { createModel } from 'normfree'

const [threads, steps] = process.argv.slice(2).map(Number)
setNumThreads(threads)
manualSeed(0)
const model = createModel('nf_resnet50')
const optimizer = new optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9, nesterov: true })
const images = randn([8, 3, 224, 224])
const labels = arange(8).to('int64')

for (let step = 0; step < steps; step++)
  tidy(() => {
    optimizer.zeroGrad()
    nn.functional.crossEntropy(model(images), labels).backward()
    optimizer.step()
  })
// maxRSS is in units of 1024 bytes.
const peakMB = Math.round((process.resourceUsage().maxRSS * 1024) / 1e6)
console.log(JSON.stringify({ version: engineInfo().version, peakMB }))
