// Several threads, each with an addon of its own; threads that end in the middle of things.
import { on, once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { tensor } from './create.ts'
import { runScript } from './testing.test.util.ts'

/** A worker that is ready, its further messages and its exit code, none of which is missed. */
async function start(task: string) {
  const worker = new Worker(new URL('./worker.test.util.js', import.meta.url), { workerData: task })
  const messages = on(worker, 'message')
  const exit = once(worker, 'exit')
  const message = async () => (await messages.next()).value[0]
  expect(await message()).toBe('ready')
  return { worker, message, exit }
}

describe('worker threads', () => {
  it('train side by side, each with its own count of live tensors', async () => {
    const workers = await Promise.all([1, 2, 3].map(() => start('train')))
    const results = await Promise.all(workers.map(({ message }) => message()))
    expect(results).toEqual([2, 2, 2])
    await Promise.all(workers.map(({ worker }) => worker.terminate()))
    expect(tensor([1, 2]).sum().item()).toBe(3)
  })

  it('may call process.exit after training', async () => {
    const { exit } = await start('exit')
    expect(await exit).toEqual([2])
  })

  it('may call process.exit inside of a hook', async () => {
    const { exit } = await start('exitInHook')
    expect(await exit).toEqual([7])
    expect(tensor([1, 2]).sum().item()).toBe(3)
  })

  it.each(['endless', 'fail', 'callBack'])('may be terminated in the middle: %s', async task => {
    for (let i = 0; i < 4; i++) {
      const { worker } = await start(task)
      await setTimeout(i * 3)
      await worker.terminate()
    }
    expect(tensor([1, 2]).sum().item()).toBe(3)
  })
})

describe('a process', () => {
  it('may load the addon in workers only, one after the other', async () => {
    const output = await runScript(
      `
      import { Worker } from 'node:worker_threads'
      const task = new URL(${JSON.stringify(new URL('./worker.test.util.js', import.meta.url).href)})
      for (let i = 0; i < 2; i++)
        await new Promise(resolve => new Worker(task, { workerData: 'exit' }).on('exit', resolve))
      console.log('done')`,
      { importTorch: false },
    )
    expect(output).toBe('done\n')
  })

  it('may exit in the middle of a backward pass', async () => {
    const output = await runScript(`
      const y = torch.ones([4], { requiresGrad: true }).mul(2)
      y.registerHook(() => {
        console.log('exit')
        process.exit(0)
      })
      y.sum().backward()
      console.log('still here')`)
    expect(output).toBe('exit\n')
  })

  it('ends at once when it is asked to, in the middle of training', async () => {
    const output = await runScript(`
      const net = new torch.nn.Linear(64, 64)
      const optimizer = new torch.optim.SGD(net.parameters(), { lr: 0.1, momentum: 0.9 })
      process.on('SIGTERM', () => {
        console.log('asked')
        process.exit(0)
      })
      for (let step = 0; ; step++) {
        torch.tidy(() => {
          net(torch.randn([64, 64])).square().mean().backward()
          optimizer.step()
        })
        if (step === 20) process.kill(process.pid, 'SIGTERM')
        await new Promise(setImmediate)
      }`)
    expect(output).toBe('asked\n')
  })

  it('ends cleanly with tensors, views and graphs alive', async () => {
    const output = await runScript(`
      globalThis.kept = [torch.from(new Float32Array(1024)), torch.ones([1024]).data()]
      const x = torch.ones([4], { requiresGrad: true })
      globalThis.graph = x.mul(torch.from(new Float32Array(4))).exp()
      console.log('done')
      process.exit(0)`)
    expect(output).toBe('done\n')
  })
})
