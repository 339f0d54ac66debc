// The arithmetic of loss scaling, as torch.cuda.amp.GradScaler documents it.
import { describe, expect, it } from 'vitest'
import { tensor } from '../create.ts'
import { ArgumentError } from '../errors.ts'
import { Parameter } from '../nn/index.ts'
import { SGD } from '../optim/index.ts'
import type { Tensor } from '../tensor.ts'
import { expectClose, leaked, numbers } from '../testing.test.util.ts'
import { GradScaler } from './grad-scaler.ts'

const setUp = (values = [1, 2]) => {
  const w = new Parameter(tensor(values))
  return { w, optimizer: new SGD([w], { lr: 1 }) }
}

/** One iteration with gradients of `value`; true when the optimizer stepped. */
function iterate(scaler: GradScaler, { w, optimizer }: ReturnType<typeof setUp>, value: number) {
  w.grad = tensor([value, value])
  const stepped = scaler.step(optimizer)
  scaler.update()
  return stepped
}

describe('GradScaler', () => {
  it('multiplies losses, one or several, and takes the factor out of the gradients', () => {
    const { w, optimizer } = setUp()
    const scaler = new GradScaler({ initScale: 8 })
    const [first, second] = scaler.scale([w.sum(), w.square().sum()])
    expect([first.item(), second.item()]).toEqual([24, 40])
    scaler.scale(w.mul(3).sum()).backward()
    expect(numbers(w.grad as Tensor)).toEqual([24, 24])
    expect(scaler.step(optimizer)).toBe(true)
    expectClose(w, [-2, -1])
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'steps past a gradient of %d, and lowers the scale',
    bad => {
      const set = setUp()
      const scaler = new GradScaler({ initScale: 16 })
      expect(iterate(scaler, set, bad)).toBe(false)
      expect(numbers(set.w)).toEqual([1, 2])
      expect(scaler.getScale()).toBe(8)
      expect(iterate(scaler, set, 8)).toBe(true)
      expect(numbers(set.w)).toEqual([0, 1])
    },
  )

  it('grows after as many finite steps in a row as told', () => {
    const set = setUp()
    const scaler = new GradScaler({ initScale: 4, growthInterval: 3, growthFactor: 3 })
    const values = [1, 1, Number.NaN, 1, 1, 1, 1, 1, 1, 1]
    const scales = values.map(value => {
      iterate(scaler, set, value)
      return scaler.getScale()
    })
    expect(scales).toEqual([4, 4, 2, 2, 2, 6, 6, 6, 18, 18])
  })

  it('never grows beyond float32', () => {
    const set = setUp()
    const scaler = new GradScaler({ initScale: 2 ** 127, growthInterval: 1 })
    iterate(scaler, set, 1)
    expect(scaler.getScale()).toBe(2 ** 127)
  })

  it('unscales once, before clipping, also when a gradient is not finite', () => {
    const { w, optimizer } = setUp()
    const scaler = new GradScaler({ initScale: 4 })
    w.grad = tensor([4, 8])
    scaler.unscale_(optimizer)
    expect(numbers(w.grad as Tensor)).toEqual([1, 2])
    expect(() => scaler.unscale_(optimizer)).toThrow(/second one\./)
    scaler.step(optimizer)
    expect(numbers(w)).toEqual([0, 0])
    expect(() => scaler.unscale_(optimizer)).toThrow(/second one, after step\(\)/)
    expect(() => scaler.step(optimizer)).toThrow(/one step\(\) between two update\(\)/)
    scaler.update()
    scaler.step(optimizer)
  })

  it('lowers the scale when any of several optimizers met infinity; the others step', () => {
    const [one, two] = [setUp(), setUp()]
    const scaler = new GradScaler({ initScale: 2 })
    one.w.grad = tensor([2, 2])
    two.w.grad = tensor([1, Number.POSITIVE_INFINITY])
    expect([scaler.step(one.optimizer), scaler.step(two.optimizer)]).toEqual([true, false])
    scaler.update()
    expect(scaler.getScale()).toBe(1)
    expect([numbers(one.w), numbers(two.w)]).toEqual([
      [0, 1],
      [1, 2],
    ])
  })

  it('refuses gradients that it cannot unscale, and an update of nothing', () => {
    const { optimizer } = setUp()
    const scaler = new GradScaler()
    expect(() => scaler.step(optimizer)).toThrow(/Call backward first/)
    expect(() => scaler.update()).toThrow(ArgumentError)
    const half = new Parameter(tensor([1], { dtype: 'float16' }))
    half.grad = tensor([1], { dtype: 'float16' })
    expect(() => scaler.unscale_(new SGD([half], { lr: 1 }))).toThrow(/received float16/)
    scaler.update(32)
    expect(scaler.getScale()).toBe(32)
    expect(() => scaler.update(0)).toThrow(/`scale` but received 0/)
  })

  it('goes on from its state', () => {
    const set = setUp()
    const first = new GradScaler({ initScale: 4, growthInterval: 3 })
    iterate(first, set, 1)
    iterate(first, set, 1)
    const second = new GradScaler()
    second.loadStateDict(JSON.parse(JSON.stringify(first.stateDict())))
    iterate(second, set, 1)
    expect(second.getScale()).toBe(8)
    expect(second.stateDict()).toEqual({ ...first.stateDict(), scale: 8, growthTracker: 0 })
    expect(() => second.loadStateDict({})).toThrow(/`scale` but received undefined/)
  })

  it('passes everything through when disabled', () => {
    const set = setUp()
    const scaler = new GradScaler({ enabled: false })
    const loss = set.w.sum()
    expect(scaler.scale(loss)).toBe(loss)
    expect(iterate(scaler, set, 1)).toBe(true)
    expect(numbers(set.w)).toEqual([0, 1])
    expect([scaler.isEnabled(), scaler.getScale(), scaler.stateDict()]).toEqual([false, 1, {}])
    scaler.loadStateDict({})
  })

  it('holds no tensors', () => {
    const set = setUp()
    const scaler = new GradScaler()
    iterate(scaler, set, 1)
    set.w.grad = tensor([1, 1])
    expect(leaked(() => scaler.step(set.optimizer))).toBe(0)
  })

  it.each([
    [{ initScale: 0 }, /`scale` but received 0/],
    [{ growthFactor: 1 }, /`growthFactor` but received 1/],
    [{ backoffFactor: 1 }, /`backoffFactor` but received 1/],
    [{ growthInterval: 0 }, /`growthInterval` but received 0/],
  ])('refuses %j', (options, message) => {
    expect(() => new GradScaler(options)).toThrow(message)
  })
})
