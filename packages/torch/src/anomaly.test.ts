// Anomaly detection: a backward that fails names the line of its forward.
import { describe, expect, it } from 'vitest'
import { detectAnomaly, setDetectAnomaly } from './anomaly.ts'
import { grad } from './autograd.ts'
import { tensor } from './create.ts'
import { TorchError } from './errors.ts'
import { defineFunction } from './function.ts'
import type { Tensor } from './tensor.ts'
import { leaked, numbers, runScript } from './testing.test.util.ts'

/** 0 * infinity: the forward is finite, the backward of sqrt is not. */
const bad = (x: Tensor) => x.sqrt().mul(0).sum()
const zero = () => tensor([0], { requiresGrad: true })

function failure(work: () => unknown): Error {
  try {
    work()
  } catch (error) {
    return error as Error
  }
  expect.fail('did not throw')
}

describe('detectAnomaly', () => {
  it('names the function, and file and line of the forward call', () => {
    const { message } = failure(() => detectAnomaly(() => bad(zero()).backward()))
    expect(message).toMatch(/Function 'SqrtBackward0' returned nan values in its 0th output/)
    expect(message).toMatch(
      /The forward call was at bad \(.*anomaly\.test\.[jt]s:\d+:\d+\)\n {2}from /,
    )
  })

  it('names the user’s line, not this package’s', async () => {
    const output = await runScript(`
      const x = torch.zeros([1, 2], { requiresGrad: true })
      try {
        torch.detectAnomaly(() => {
          const y = new torch.nn.Identity()(x)
          const z = y.sqrt()
          z.mul(0).sum().backward()
        })
      } catch (error) {
        console.log(error.name, /forward call was at .*script\\.mjs:(\\d+)/.exec(error.message)?.[1])
      }`)
    expect(output).toBe('TorchError 7\n')
  })

  it('names the function of a custom backward and of grad', () => {
    const broken = defineFunction('Broken', {
      forward: (_, x: Tensor) => x.clone(),
      backward: (_, gradient) => gradient.mul(Number.NaN),
    })
    const x = tensor([1], { requiresGrad: true })
    const run = () => detectAnomaly(() => grad(broken(x).sum(), [x]))
    expect(run).toThrow(TorchError)
    expect(run).toThrow(/grad\(.*'BrokenBackward' returned nan.* forward call was at /)
  })

  it('traces a second derivative to the pass that made it', () => {
    const x = zero()
    const run = () =>
      detectAnomaly(() => {
        const [first] = grad(x.pow(1.5).sum(), [x], { createGraph: true }) as Tensor[]
        grad(first.mul(0).sum(), [x])
      })
    expect(run).toThrow(/returned nan[\s\S]*forward call was at/)
  })

  it('changes nothing for a healthy pass, and ends with the call', () => {
    const x = tensor([4], { requiresGrad: true })
    detectAnomaly(() => x.sqrt().sum().backward())
    expect(numbers(x.grad as Tensor)).toEqual([0.25])
    const y = zero()
    bad(y).backward()
    expect(numbers(y.grad as unknown as Tensor)).toEqual([Number.NaN])
    expect(() => detectAnomaly(async () => {})).toThrow(/synchronous `work`/)
  })

  it('leaves NaN alone where told, but traces other failures', () => {
    const x = zero()
    detectAnomaly(() => bad(x).backward(), { checkNan: false })
    expect(numbers(x.grad as Tensor)).toEqual([Number.NaN])
    const run = () =>
      detectAnomaly(() => {
        const y = zero().mul(2)
        const z = y.exp()
        z.add_(1)
        z.sum().backward()
      })
    expect(run).toThrow(/modified by an inplace operation[\s\S]*forward call was at/)
  })

  it('hands on what a hook throws as it is, and holds no tensor', () => {
    const mine = new RangeError('mine')
    const run = () =>
      detectAnomaly(() => {
        const y = zero().mul(2)
        y.registerHook(() => {
          throw mine
        })
        y.sum().backward()
      })
    expect(failure(run)).toBe(mine)
    const x = zero()
    const loss = bad(x)
    expect(leaked(() => failure(() => detectAnomaly(() => loss.backward())))).toBe(0)
  })
})

describe('setDetectAnomaly', () => {
  it('stays until it is switched off', () => {
    setDetectAnomaly(true)
    try {
      expect(() => bad(zero()).backward()).toThrow(/forward call was at/)
      detectAnomaly(() => {})
      expect(() => bad(zero()).backward()).toThrow(/forward call was at/)
    } finally {
      setDetectAnomaly(false)
    }
    expect(() => bad(zero()).backward()).not.toThrow()
  })
})
