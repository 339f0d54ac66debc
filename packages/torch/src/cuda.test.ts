// What a training run asks of a device, on each that is here. The CPU's part shows on every machine
// that the suite itself is right; that of CUDA is skipped, and says so, where LibTorch sees no GPU.
import { describe, expect, it } from 'vitest'
import { autocast } from './amp/autocast.ts'
import { GradScaler } from './amp/grad-scaler.ts'
import { detectAnomaly } from './anomaly.ts'
import { enableGrad, grad } from './autograd.ts'
import { checkpoint } from './checkpoint.ts'
import { tensor } from './create.ts'
import { engineInfo } from './engine.ts'
import { OutOfMemoryError, TorchError } from './errors.ts'
import { defineFunction } from './function.ts'
import * as torch from './generated/functions.ts'
import { tidy } from './memory.ts'
import { crossEntropy } from './nn/functional/index.ts'
import { Conv2d, Flatten, Linear, type Module, ReLU, Sequential } from './nn/index.ts'
import { SGD } from './optim/index.ts'
import { Generator, getRngState, manualSeed, setRngState } from './random.ts'
import type { Tensor } from './tensor.ts'
import { expectClose, leaked, numbers } from './testing.test.util.ts'
import type { Device } from './types.ts'

const { cuda, version } = engineInfo()

function network(device: Device): Module {
  manualSeed(7)
  const net = new Sequential(
    new Conv2d(3, 8, 3, { padding: 1 }),
    new ReLU(),
    new Flatten(),
    new Linear(8 * 64, 4),
  )
  return net.to({ device })
}

const images = () => torch.linspace(-1, 1, 8 * 3 * 64).reshape([8, 3, 8, 8])
const labels = () => tensor(Array.from({ length: 8 }, (_, i) => BigInt(i % 4)))

/** Losses of ten steps. */
function train(device: Device): number[] {
  const net = network(device)
  const optimizer = new SGD(net.parameters(), { lr: 0.1, momentum: 0.9, nesterov: true })
  const [x, y] = [images().to(device), labels().to(device)]
  return Array.from({ length: 10 }, () =>
    tidy(() => {
      optimizer.zeroGrad()
      const loss = crossEntropy(net(x), y)
      loss.backward()
      optimizer.step()
      return loss.item()
    }),
  )
}

function suite(device: Device): void {
  const leafOf = (values: number[]) => tensor(values).to(device).requiresGrad_()

  it('takes tensors there and back, whole', () => {
    for (const x of [tensor([1.5, -2]), tensor([2n ** 40n]), tensor([[1, 2]]).t()]) {
      const there = x.to(device)
      expect([there.isCuda, there.device.split(':')[0]]).toEqual([device !== 'cpu', device])
      expect(there.toArray()).toEqual(x.toArray())
      expect(numbers(there.to('cpu'))).toEqual(numbers(x))
    }
  })

  it('trains as the CPU does', () => {
    expectClose(train(device), train('cpu'), 1e-3)
  })

  it('waits for the device when JavaScript reads', () => {
    const x = torch.ones([512, 512], { device })
    let y = x
    for (let i = 0; i < 20; i++) y = y.matmul(x).div(512)
    expect(y.data()[5]).toBe(1)
    expect(y.sum().item()).toBe(512 * 512)
    expect(y.add(1).to('cpu').data()[7]).toBe(2)
  })

  it('says that memory is short by OutOfMemoryError, and goes on', () => {
    expect(() => torch.empty([2 ** 45], { device })).toThrow(OutOfMemoryError)
    expect(torch.ones([2], { device }).sum().item()).toBe(2)
  })

  it('refuses what lies on different devices, by name', () => {
    if (device === 'cpu') return
    expect(() => tensor([1]).add(tensor([1, 2]).to(device))).toThrow(TorchError)
  })

  const dtypes = device === 'cpu' ? (['bfloat16'] as const) : (['float16', 'bfloat16'] as const)

  it.each(dtypes)('trains under autocast in %s, scaled', dtype => {
    const net = network(device)
    const optimizer = new SGD(net.parameters(), { lr: 0.1 })
    const scaler = new GradScaler({ initScale: 1024 })
    const [x, y] = [images().to(device), labels().to(device)]
    const kind = device === 'cpu' ? 'cpu' : 'cuda'
    const losses = Array.from({ length: 15 }, () =>
      tidy(() => {
        optimizer.zeroGrad()
        const loss = autocast(
          kind,
          () => {
            const logits = net(x)
            expect(logits.dtype).toBe(dtype)
            return crossEntropy(logits.to('float32'), y)
          },
          { dtype },
        )
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        return loss.item()
      }),
    )
    expect(losses[14]).toBeLessThan(losses[0] * 0.95)
    expect(net.parameters().map(({ grad: g }) => g?.dtype)).toEqual(Array(4).fill('float32'))
  })

  it('skips a step whose gradients overflow', () => {
    const weight = leafOf([1])
    const optimizer = new SGD([weight], { lr: 1 })
    const scaler = new GradScaler()
    scaler.scale(weight.mul(Number.POSITIVE_INFINITY).sum()).backward()
    expect(scaler.step(optimizer)).toBe(false)
    scaler.update()
    expect([weight.item(), scaler.getScale()]).toEqual([1, 32768])
  })

  it('continues its random streams bit for bit, the default one and one’s own', () => {
    const own = new Generator(device).manualSeed(4)
    const [first, second] = [getRngState(device), own.getState()]
    const draw = () => [
      numbers(torch.randn([9], { device })),
      numbers(torch.randn([9], { device, generator: own })),
    ]
    const expected = draw()
    setRngState(first, device)
    own.setState(second)
    expect(draw()).toEqual(expected)
  })

  it('runs hooks and backward functions in JavaScript’s own thread, in scopes', () => {
    const triple = defineFunction('Triple', {
      forward: (_, a: Tensor) => a.mul(3),
      backward: (_, gradient) => gradient.mul(3),
    })
    const x = leafOf([1, 2])
    const seen: number[][] = []
    const step = () =>
      tidy(() => {
        const y = triple(x)
        y.registerHook(gradient => {
          seen.push(numbers(gradient))
          return gradient.mul(2)
        })
        y.square().sum().backward()
        x.grad = null
      })
    expect(leaked(step)).toBe(0)
    expect(seen).toEqual([[6, 12]])
    expect(numbers((grad(triple(x).sum(), [x]) as Tensor[])[0])).toEqual([3, 3])
  })

  it('hands on what a hook throws, and takes passes within passes', () => {
    const mine = new RangeError('mine')
    const failing = leafOf([1]).mul(2)
    failing.registerHook(() => {
      throw mine
    })
    expect(() => failing.sum().backward()).toThrow(mine)
    const descend = (level: number): number =>
      tidy(() => {
        const x = leafOf([level])
        const y = enableGrad(() => x.mul(2))
        let below = 0
        y.registerHook(() => {
          if (level < 4) below = descend(level + 1)
        })
        enableGrad(() => y.sum()).backward()
        return below + (x.grad as Tensor).item()
      })
    expect(descend(1)).toBe(8)
  })

  it('recomputes checkpoints, with the random numbers of the first call', () => {
    const x = torch.ones([64], { device, requiresGrad: true })
    const y = checkpoint((a: Tensor) => torch.dropout(a.exp(), 0.5, true).mul(a), [x])
    const dropped = numbers(y).map(value => value === 0)
    y.sum().backward()
    expect(numbers(x.grad as Tensor).map(value => value === 0)).toEqual(dropped)
  })

  it('traces NaN to the forward call', () => {
    const run = () => detectAnomaly(() => leafOf([0]).sqrt().mul(0).sum().backward())
    expect(run).toThrow(/'SqrtBackward0' returned nan[\s\S]*forward call was at/)
  })
}

describe('on the CPU', () => suite('cpu'))

const reason = cuda ? '' : ` (skipped: LibTorch ${version} sees no GPU)`
describe.skipIf(!cuda)(`on CUDA${reason}`, () => suite('cuda'))
