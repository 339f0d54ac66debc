// Float16Array, which older runtimes lack: a stand-in with the same bits shows how it is used.
import { afterAll, beforeAll, expect, it, vi } from 'vitest'

class StandIn extends Uint16Array {}

beforeAll(() => {
  vi.stubGlobal('Float16Array', StandIn)
  vi.resetModules()
})
afterAll(() => {
  vi.unstubAllGlobals()
})

it('is float16 in and out, without a copy, where the runtime has it', async () => {
  const { from } = await import('./create.ts')
  const array = new StandIn([0x3e00, 0xc000])
  const x = from(array)
  expect([x.dtype, x.shape]).toEqual(['float16', [2]])
  expect([...(x.to('float32').data() as Float32Array)]).toEqual([1.5, -2])
  expect(x.data()).toBeInstanceOf(StandIn)
  x.mul_(2)
  expect([...array]).toEqual([0x4200, 0xc400])
  expect(x.to('bfloat16').data()).toBeInstanceOf(Float32Array)
})
