// The smallest training program: a normalizer-free ResNet-20 on one random batch. Expected: the loss
// falls from about 2.3 to below 0.5 within 60 steps.
import { manualSeed, nn, optim, randint, randn, tidy } from '@normfree/torch'
import { adaptiveClipGrad_, createModel } from 'normfree'

manualSeed(0)
const model = createModel('nf_resnet20')
const optimizer = new optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9, nesterov: true })
const images = randn([32, 3, 32, 32])
const labels = randint(10, [32])

for (let step = 0; step < 60; step++) {
  const loss = tidy(() => {
    optimizer.zeroGrad()
    const loss = nn.functional.crossEntropy(model(images), labels)
    loss.backward()
    adaptiveClipGrad_(model.namedParameters(), { clipFactor: 0.1, exclude: ['fc'] })
    optimizer.step()
    return loss.item()
  })
  if (step % 10 === 9) console.log(`step ${step + 1}: loss ${loss.toFixed(3)}`)
}
