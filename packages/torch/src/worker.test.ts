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

  it.each(['endless', 'fail'])('may be terminated in the middle: %s', async task => {
    for (let i = 0; i < 4; i++) {
      const { worker } = await start(task)
      await setTimeout(i * 3)
      await worker.terminate()
    }
    expect(tensor([1, 2]).sum().item()).toBe(3)
  })
})

describe('a process', () => {
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
