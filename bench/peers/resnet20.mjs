// Our side of bench/resnet20.mjs; speaks the protocol of bench/peer.mjs.
import { createInterface } from 'node:readline'
import {
  arange,
  autocast,
  engineInfo,
  manualSeed,
  nn,
  optim,
  randn,
  setNumThreads,
  tidy,
} from '@normfree/torch'
import { createModel } from 'normfree'

const [threads, batch, precision] = process.argv.slice(2)
setNumThreads(Number(threads))
manualSeed(0)
const model = createModel('resnet20').to({ memoryFormat: 'channels_last' })
const optimizer = new optim.SGD(model.parameters(), {
  lr: 0.1,
  momentum: 0.9,
  nesterov: true,
  weightDecay: 5e-4,
})
const images = randn([Number(batch), 3, 32, 32]).to({ memoryFormat: 'channels_last' })
const labels = arange(Number(batch)).remainder(10).to('int64')

const loss = () =>
  nn.functional.crossEntropy(model(images).to('float32'), labels, { labelSmoothing: 0.1 })
const step = () =>
  tidy(() => {
    optimizer.zeroGrad()
    const value = precision === 'bfloat16' ? autocast('cpu', loss) : loss()
    value.backward()
    optimizer.step()
    return value.item()
  })

console.log(`ready ${JSON.stringify({ version: engineInfo().version })}`)
for await (const line of createInterface({ input: process.stdin })) {
  const start = performance.now()
  for (let i = 0; i < Number(line); i++) step()
  console.log((performance.now() - start) / 1000)
}
