// Tensor: metadata, data out, conversion.
import { describe, expect, it } from 'vitest'
import { grad } from './autograd.ts'
import { callOperator } from './call.ts'
import { from, tensor } from './create.ts'
import { ArgumentError, TorchError } from './errors.ts'
import * as torch from './generated/functions.ts'
import { liveTensors } from './memory.ts'
import type { Tensor } from './tensor.ts'
import { collectGarbage, leaked, numbers } from './testing.test.util.ts'

describe('data', () => {
  it('is a view of the tensor’s memory: writes show on both sides', () => {
    const x = torch.zeros([2, 2])
    const view = x.data()
    view[3] = 7
    x.add_(1)
    expect([...view]).toEqual([1, 1, 1, 8])
    expect(x.data()[3]).toBe(8)
  })

  it('outlives the tensor', async () => {
    const x = torch.ones([1 << 16])
    const view = x.data() as Float32Array
    x.dispose()
    await collectGarbage()
    for (let i = 0; i < 10; i++) torch.full([1 << 16], 5).dispose()
    expect(view.every(value => value === 1)).toBe(true)
  })

  it('lets the memory go when the view is collected', async () => {
    const before = process.memoryUsage().rss
    for (let i = 0; i < 20; i++) {
      torch.ones([1 << 20]).data()
      await collectGarbage()
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(40 << 20)
  })

  it('gives each dtype its array, the halves as float32', () => {
    const arrayOf = (dtype: Tensor['dtype']) => tensor([1, 2]).to(dtype).data().constructor.name
    expect(arrayOf('float64')).toBe('Float64Array')
    expect(arrayOf('int64')).toBe('BigInt64Array')
    expect(arrayOf('int32')).toBe('Int32Array')
    expect(arrayOf('int16')).toBe('Int16Array')
    expect(arrayOf('int8')).toBe('Int8Array')
    expect(arrayOf('uint8')).toBe('Uint8Array')
    expect(arrayOf('bool')).toBe('Uint8Array')
    expect(arrayOf('bfloat16')).toBe('Float32Array')
    expect(numbers(tensor([1 + 2 ** -9, 3]).to('bfloat16'))).toEqual([1, 3])
    expect(numbers(tensor([1 + 2 ** -9, 3]).to('float16'))).toEqual([1 + 2 ** -9, 3])
  })

  it('is row-major for channels_last and for views', () => {
    const image = from(
      Float32Array.from({ length: 12 }, (_, i) => i),
      [1, 3, 2, 2],
    )
    const last = image.to({ memoryFormat: 'channels_last' })
    expect(last.strides).toEqual([12, 1, 6, 3])
    expect(numbers(last)).toEqual(numbers(image))
    expect(numbers(image.select(1, 1))).toEqual([4, 5, 6, 7])
    expect(
      numbers(
        tensor([
          [1, 2],
          [3, 4],
        ]).transpose(0, 1),
      ),
    ).toEqual([1, 3, 2, 4])
  })

  it('of a slice begins at the slice, not at the storage', () => {
    const x = tensor([1, 2, 3, 4]).slice(0, 2)
    expect(numbers(x)).toEqual([3, 4])
    x.data()[0] = 30
    expect(numbers(x)).toEqual([30, 4])
  })

  it('of a zero without memory, such as the gradient of sgn, is zeros', () => {
    const x = tensor([1, -2], { requiresGrad: true })
    const [slope] = grad(x.sgn().sum(), [x]) as Tensor[]
    expect(slope.toArray()).toEqual([0, 0])
    const zeros = callOperator('aten::_efficientzerotensor', '', [2], 'int32') as Tensor
    expect([zeros.toString(), zeros.sum().item()]).toEqual(['tensor([0, 0], dtype=torch.int32)', 0])
  })

  it('leaves no wrapper behind', () => {
    const x = tensor([1, 2], { requiresGrad: true })
    const half = x.detach().to('bfloat16')
    expect(leaked(() => [x.data(), x.toArray(), half.data(), half.toArray()])).toBe(0)
  })

  it('gives complex numbers as pairs, in and out', () => {
    const pairs = Float32Array.of(1, 2, 3, -4)
    const z = from(pairs, [2], 'complex64')
    expect([z.dtype, z.shape]).toEqual(['complex64', [2]])
    expect(numbers(z.mul(z))).toEqual([-3, 4, -7, -24])
    expect(numbers(z.conj())).toEqual([1, -2, 3, 4])
    expect(z.toArray()).toEqual([
      [1, 2],
      [3, -4],
    ])
    ;(z.data() as Float32Array)[0] = 9
    expect(pairs[0]).toBe(9)
    expect(z.to('complex128').data()).toBeInstanceOf(Float64Array)
  })
})

describe('toArray', () => {
  it('reads int64 exactly or not at all', () => {
    expect(tensor([2n ** 53n - 1n]).toArray()).toEqual([2 ** 53 - 1])
    expect(() => tensor([2n ** 53n]).toArray()).toThrow(/within 2\^53 .* 9007199254740992/)
    expect(Array.from(tensor([2n ** 53n + 1n]).data() as BigInt64Array)).toEqual([2n ** 53n + 1n])
  })
})

describe('item', () => {
  it('is the one element, booleans as 0 or 1', () => {
    expect(tensor([[2.5]]).item()).toBe(2.5)
    expect(tensor(true).item()).toBe(1)
    expect(tensor([7n]).item()).toBe(7)
    expect(tensor([Number.NaN]).item()).toBeNaN()
    expect(torch.full([], 1.5, { dtype: 'bfloat16' }).item()).toBe(1.5)
  })

  it('refuses several elements, none, integers beyond 2^53, complex numbers', () => {
    expect(() => tensor([1, 2]).item()).toThrow(/one element for item\(\) but received shape \[2\]/)
    expect(() => tensor([]).item()).toThrow(ArgumentError)
    expect(() => tensor([2n ** 60n]).item()).toThrow(/within 2\^53/)
    expect(() => torch.zeros([], { dtype: 'complex128' }).item()).toThrow(/complex128/)
  })
})

describe('to', () => {
  it('returns the same tensor when nothing changes, a copy when asked', () => {
    const x = tensor([1])
    expect(x.to('float32')).toBe(x)
    expect(x.to('cpu')).toBe(x)
    expect(x.to({ copy: true })).not.toBe(x)
    expect(x.to('float64').dtype).toBe('float64')
  })

  it('refuses a device that is not there and a dtype that is none', () => {
    expect(() => tensor([1]).to('tpu' as never)).toThrow(TorchError)
    expect(() => tensor([1]).to({ device: 'warp:9' as never })).toThrow(/warp/)
  })
})

describe('arithmetic', () => {
  it('promotes dtypes as PyTorch does', () => {
    const x = tensor([3], { dtype: 'int64' })
    expect(x.mul(2).dtype).toBe('int64')
    expect(x.mul(2.5).dtype).toBe('float32')
    expect(x.div(2).dtype).toBe('float32')
    expect(x.eq(3).dtype).toBe('bool')
    expect(x.to('bfloat16').mul(2.5).dtype).toBe('bfloat16')
    expect(x.add(tensor([1], { dtype: 'float64' })).dtype).toBe('float64')
  })
})

describe('metadata', () => {
  it('says what the tensor is', () => {
    const x = torch.zeros([2, 3, 4], { requiresGrad: true })
    expect([x.shape, x.strides, x.dim, x.numel]).toEqual([[2, 3, 4], [12, 4, 1], 3, 24])
    expect([x.requiresGrad, x.isLeaf, x.add(1).isLeaf]).toEqual([true, true, false])
    expect([x.size(), x.size(1), x.size(-1), x.stride(), x.stride(0)]).toEqual([
      [2, 3, 4],
      3,
      4,
      [12, 4, 1],
      12,
    ])
    expect(() => x.size(3)).toThrow(/dimension from -3 to 2 but received 3/)
    expect(() => x.stride(0.5)).toThrow(ArgumentError)
  })

  it('says what kind of numbers it holds, and how they lie', () => {
    const [real, whole] = [torch.zeros([2]), tensor([1], { dtype: 'uint8' })]
    const complex = torch.zeros([1], { dtype: 'complex64' })
    expect([real, whole, complex].map(x => x.isFloatingPoint())).toEqual([true, false, false])
    expect([real, whole, complex].map(x => x.isComplex())).toEqual([false, false, true])
    expect([real, whole, complex].map(x => x.isSigned())).toEqual([true, false, true])
    expect([real.isCuda, real.isSameSize(whole), tensor([2]).isNonzero()]).toEqual([
      false,
      false,
      true,
    ])
    const image = torch.zeros([1, 3, 2, 2])
    const last = image.to({ memoryFormat: 'channels_last' })
    expect([image.isContiguous(), last.isContiguous()]).toEqual([true, false])
    expect(last.isContiguous('channels_last')).toBe(true)
    expect(image.isContiguous('channels_last')).toBe(false)
    expect(image.transpose(2, 3).isContiguous()).toBe(false)
    expect(torch.zeros([0, 3]).T.isContiguous()).toBe(true)
    expect(real.isContiguous('channels_last')).toBe(false)
  })

  it('has transposes as properties', () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ])
    expect(numbers(x.T)).toEqual([1, 3, 2, 4])
    expect(numbers(x.mT)).toEqual([1, 3, 2, 4])
    const z = from(Float32Array.of(1, 2), [1, 1], 'complex64')
    expect(numbers(z.H)).toEqual([1, -2])
    expect([numbers(z.real), numbers(z.imag)]).toEqual([[1], [2]])
  })

  it('counts live tensors and the bytes they own, a view none', () => {
    const before = liveTensors()
    const x = torch.zeros([1000])
    const row = x.view([10, 100])
    expect(liveTensors()).toEqual({ tensors: before.tensors + 2, bytes: before.bytes + 4000 })
    row.dispose()
    x.dispose()
    expect(liveTensors()).toEqual(before)
  })
})
