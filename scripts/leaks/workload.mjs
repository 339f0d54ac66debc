// What `npm run leaks` watches: training steps through every path by which native memory changes
// hands, errors in the middle of each, and a worker that ends while tensors live. Everything is given
// back before the end, so that whatever LeakSanitizer still finds has been lost.
import { Worker } from 'node:worker_threads'
import {
  checkpoint,
  defineFunction,
  detectAnomaly,
  from,
  Generator,
  grad,
  liveTensors,
  nn,
  ones,
  optim,
  randn,
  tensor,
  tidy,
} from '@normfree/torch'

/** @import { Tensor } from '@normfree/torch' */

const double = defineFunction('Double', {
  /** @param {import('@normfree/torch').FunctionContext} context @param {Tensor} x */
  forward(context, x) {
    context.saveForBackward(x)
    return x.mul(2)
  },
  backward: (_, gradient) => gradient.mul(2),
})

/** @param {() => unknown} work */
function fails(work) {
  try {
    work()
  } catch {
    return
  }
  throw new TypeError('expected an error')
}

function makeStep() {
  const net = new nn.Sequential(
    new nn.Conv2d(3, 8, 3),
    new nn.BatchNorm2d(8),
    new nn.ReLU(),
    new nn.Flatten(),
    new nn.Linear(8 * 36, 4),
  )
  const optimizer = new optim.SGD(net.parameters(), { lr: 0.01, momentum: 0.9 })
  return () =>
    tidy(() => {
      const x = from(new Float32Array(4 * 3 * 64), [4, 3, 8, 8]).add(randn([4, 3, 8, 8]))
      const y = double(checkpoint(a => net(a), [x]))
      const handle = y.registerHook(gradient => gradient.mul(1))
      y.square().mean().backward()
      handle.remove()
      optimizer.step()
      optimizer.zeroGrad()
    })
}

function mistakes() {
  const x = ones([2], { requiresGrad: true })
  fails(() => tidy(() => x.mul(2).matmul(ones([3]))))
  fails(() => tidy(() => x.mul(2).backward()))
  fails(() => grad(x.sum(), [ones([1], { requiresGrad: true })]))
  fails(() => detectAnomaly(() => tidy(() => x.mul(0).sqrt().mul(0).sum().backward())))
  fails(() =>
    tidy(() => {
      const y = checkpoint(a => a.exp(), [x])
      y.registerHook(() => {
        throw new RangeError('mine')
      })
      y.sum().backward()
    }),
  )
  fails(() => from(new Float32Array(3), [4]))
  x.data()
  tensor([[1, 2]]).toArray()
  new Generator().dispose()
}

const steps = Number(process.argv[2])
const step = makeStep()
for (let i = 0; i < steps; i++) {
  step()
  tidy(mistakes)
}
const worker = `
  const { ones } = await import(${JSON.stringify(import.meta.resolve('@normfree/torch'))})
  globalThis.kept = ones([64], { requiresGrad: true }).mul(2).exp()
  kept.registerHook(() => {})
  process.exit(0)`
await new Promise(resolve => {
  new Worker(new URL(`data:text/javascript,${encodeURIComponent(worker)}`)).on('exit', resolve)
})
console.log(`${steps} steps, ${liveTensors().tensors} live tensors`)
