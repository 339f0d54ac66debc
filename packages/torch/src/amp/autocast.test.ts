// Half precision inside, float32 outside, whatever happens.
import { describe, expect, it } from 'vitest'
import { noGrad } from '../autograd.ts'
import { tensor } from '../create.ts'
import { ArgumentError } from '../errors.ts'
import * as torch from '../generated/functions.ts'
import { tidy } from '../memory.ts'
import { crossEntropy } from '../nn/functional/index.ts'
import { Linear } from '../nn/index.ts'
import { SGD } from '../optim/index.ts'
import type { Tensor } from '../tensor.ts'
import { leaked } from '../testing.test.util.ts'
import { autocast } from './autocast.ts'

const [a, b] = [torch.ones([2, 2]), torch.ones([2, 2])]
const dtype = () => a.matmul(b).dtype

describe('autocast', () => {
  it('computes matrix products and convolutions in bfloat16, with float32 gradients', () => {
    const w = torch.ones([1, 1, 1, 1], { requiresGrad: true })
    const y = autocast('cpu', () => torch.conv2d(torch.ones([1, 1, 2, 2]), w))
    y.to('float32').sum().backward()
    expect([y.dtype, (w.grad as Tensor).dtype]).toEqual(['bfloat16', 'float32'])
    expect(autocast('cpu', () => a.add(b).dtype)).toBe('float32')
  })

  it('nests and restores, after a throw too', () => {
    expect(autocast('cpu', () => [dtype(), autocast('cpu', dtype), dtype()])).toEqual([
      'bfloat16',
      'bfloat16',
      'bfloat16',
    ])
    expect(() =>
      autocast('cpu', () => {
        throw new RangeError('mine')
      }),
    ).toThrow('mine')
    expect(dtype()).toBe('float32')
  })

  it('is switched off inside by enabled: false, and on again inside of that', () => {
    const off = { enabled: false }
    const seen = autocast('cpu', () => [
      dtype(),
      ...autocast('cpu', () => [dtype(), autocast('cpu', dtype), dtype()], off),
      dtype(),
    ])
    expect(seen).toEqual(['bfloat16', 'float32', 'bfloat16', 'float32', 'bfloat16'])
    expect(autocast('cpu', dtype, off)).toBe('float32')
    expect(() => autocast('cpu', () => autocast('cpu', () => a.view([7]), off))).toThrow(/view/)
    expect(dtype()).toBe('float32')
  })

  it('leaves the CPU alone when it is for CUDA', () => {
    expect(autocast('cuda', dtype, { enabled: false })).toBe('float32')
  })

  it('refuses what the device does not have, and changes nothing', () => {
    expect(() => autocast('warp' as never, dtype)).toThrow(/autocast\("warp"/)
    expect(() => autocast('cpu', dtype, { dtype: 'float16' })).toThrow(ArgumentError)
    expect(() => autocast('cpu', dtype, { dtype: 'float16' })).toThrow(
      /Expected 'bfloat16' for `dtype` of autocast on 'cpu' but received "float16"/,
    )
    expect(() => autocast('cuda', dtype, { dtype: 'float32' as never })).toThrow(/or 'float16'/)
    expect(() => autocast('cpu', async () => {})).toThrow(/synchronous `work`/)
    expect(dtype()).toBe('float32')
  })

  it('uses the parameters of now, not copies of an earlier pass', () => {
    const w = torch.ones([8, 8], { requiresGrad: true })
    const product = () => void autocast('cpu', () => torch.ones([8, 8]).matmul(w))
    expect(leaked(() => tidy(product))).toBe(0)
    noGrad(() => w.fill_(2))
    const sum = () => autocast('cpu', () => torch.ones([8, 8]).matmul(w).sum())
    expect(noGrad(sum).item()).toBe(1024)
  })

  it('trains: parameters stay float32 and the loss falls', () => {
    const layer = new Linear(8, 4)
    const optimizer = new SGD(layer.parameters(), { lr: 0.5, momentum: 0.9 })
    const x = torch.randn([32, 8])
    const y = tensor(Array.from({ length: 32 }, (_, i) => BigInt(i % 4)))
    const losses = Array.from({ length: 30 }, () =>
      tidy(() => {
        const loss = autocast('cpu', () => crossEntropy(layer(x).to('float32'), y))
        optimizer.zeroGrad()
        loss.backward()
        optimizer.step()
        return loss.item()
      }),
    )
    expect(losses[29]).toBeLessThan(losses[0] * 0.9)
    expect([layer.weight.dtype, layer.weight.grad?.dtype]).toEqual(['float32', 'float32'])
  })
})
