// A worker thread of worker.test.ts: loads the addon of its own and trains, or fails, until told.
import { parentPort, workerData } from 'node:worker_threads'
import {
  checkpoint,
  liveTensors,
  nn,
  ones,
  optim,
  randn,
  setNumThreads,
  TorchError,
  tidy,
} from './index.ts'

function train(steps: number): number {
  const layer = new nn.Conv2d(2, 4, 3)
  const optimizer = new optim.SGD(layer.parameters(), { lr: 0.1, momentum: 0.9 })
  const before = liveTensors().tensors
  for (let i = 0; i < steps; i++)
    tidy(() => {
      layer(randn([4, 2, 8, 8]))
        .square()
        .mean()
        .backward()
      optimizer.step()
      optimizer.zeroGrad()
    })
  // The momentum of weight and bias is what stays.
  return liveTensors().tensors - before
}

/** Throws across the addon's boundary without end; the thread is terminated in the middle of it. */
function fail(): never {
  const [a, b] = [randn([2, 3]), randn([4, 5])]
  for (;;) {
    try {
      a.matmul(b)
    } catch (error) {
      if (!(error instanceof TorchError)) throw error
    }
    liveTensors()
  }
}

/** Leaves the thread from inside LibTorch, in the middle of a backward pass. */
function exitInHook(): never {
  const y = ones([4], { requiresGrad: true }).mul(2)
  y.registerHook(() => process.exit(7))
  y.sum().backward()
  throw new TypeError('still here')
}

/** Goes in and out of LibTorch without end, from hooks and recomputations. */
function callBack(): never {
  const x = ones([64], { requiresGrad: true })
  for (;;)
    tidy(() => {
      const y = checkpoint(a => a.exp().sin(), [x])
      y.registerHook(gradient => gradient.mul(2))
      y.sum().backward()
    })
}

setNumThreads(1)
parentPort?.postMessage('ready')
if (workerData === 'train') parentPort?.postMessage(train(50))
else if (workerData === 'exit') process.exit(train(3))
else if (workerData === 'endless') for (;;) train(1)
else if (workerData === 'exitInHook') exitInHook()
else if (workerData === 'callBack') callBack()
else fail()
