// A worker thread of worker.test.ts: loads the addon of its own and trains, or fails, until told.
import { parentPort, workerData } from 'node:worker_threads'
import { liveTensors, nn, optim, randn, setNumThreads, TorchError, tidy } from './index.ts'

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

setNumThreads(1)
parentPort?.postMessage('ready')
if (workerData === 'train') parentPort?.postMessage(train(50))
else if (workerData === 'exit') process.exit(train(3))
else if (workerData === 'endless') for (;;) train(1)
else fail()
