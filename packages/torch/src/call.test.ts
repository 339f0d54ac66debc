// The boundary: every kind of argument and result across the tape, and what is refused.
import { describe, expect, it } from 'vitest'
import { callOperator } from './call.ts'
import { from, tensor } from './create.ts'
import { ArgumentError, DisposedError, OutOfMemoryError, TorchError } from './errors.ts'
import * as fft from './generated/fft.ts'
import * as torch from './generated/functions.ts'
import * as linalg from './generated/linalg.ts'
import { OPERATORS } from './generated/operators.ts'
import { liveTensors, tidy } from './memory.ts'
import { native } from './native.ts'
import type { Tensor } from './tensor.ts'
import { numbers } from './testing.test.util.ts'

const int64 = (x: Tensor) => Array.from(x.data() as BigInt64Array)
const filled = (value: unknown) =>
  callOperator('aten::full', '', [1], value, 'int64', undefined, undefined, undefined) as Tensor

describe('arguments', () => {
  it.each([
    [2 ** 31, 2n ** 31n],
    [-(2 ** 31) - 1, -(2n ** 31n) - 1n],
    [2 ** 53 - 1, 2n ** 53n - 1n],
    [2n ** 53n + 1n, 2n ** 53n + 1n],
    [-(2n ** 63n), -(2n ** 63n)],
    [2n ** 63n - 1n, 2n ** 63n - 1n],
    [-1n, -1n],
    [-0, 0n],
    [true, 1n],
  ])('pass the integer %s exactly', (given, expected) => {
    expect(int64(filled(given))).toEqual([expected])
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -1e308, 5e-324, 2 ** 53, 0.1])(
    'pass the double %s exactly',
    given => {
      const x = torch.zeros([1], { dtype: 'float64' }).add(given)
      expect(numbers(x)).toEqual([given])
    },
  )

  it('keep the sign of zero where the schema says float, and take it for the integer 0 where it says Scalar', () => {
    expect(numbers(torch.nanToNum(tensor([Number.NaN]), -0))).toEqual([-0])
    expect(Object.is(numbers(tensor([1]).mul(-0))[0], 0)).toBe(true)
  })

  it('take dtypes, memory formats and devices as strings', () => {
    const x = torch.zeros([1, 2, 3, 4], { dtype: 'int16', device: 'cpu' })
    expect([x.dtype, x.device]).toEqual(['int16', 'cpu'])
    const y = torch.empty([1, 2, 3, 4], { memoryFormat: 'channels_last' })
    expect(y.strides).toEqual([24, 1, 8, 2])
  })

  it('take strings of any language', () => {
    expect(() =>
      callOperator('aten::div', 'Tensor_mode', tensor([1]), tensor([1]), 'π"\n😀'),
    ).toThrow('π"\n😀')
  })

  it('let one number stand for all of a fixed-size list', () => {
    const x = torch.ones([1, 1, 4, 4])
    expect(torch.avgPool2d(x, 2).shape).toEqual(torch.avgPool2d(x, [2, 2]).shape)
    expect(torch.avgPool2d(x, 2).shape).toEqual([1, 1, 2, 2])
  })

  it('take the default for undefined, and none for null where the schema allows it', () => {
    const x = tensor([1, 5])
    expect(numbers(torch.clamp(x, null, 3))).toEqual([1, 3])
    expect(numbers(torch.clamp(x, 2, undefined))).toEqual([2, 5])
    expect(numbers(torch.sub(x, x, { alpha: undefined }))).toEqual([0, 0])
  })

  it('take lists with and without holes', () => {
    const x = from(
      Float32Array.from({ length: 6 }, (_, i) => i),
      [2, 3],
    )
    const second = callOperator('aten::index', 'Tensor', x, [
      null,
      tensor([2, 0], { dtype: 'int64' }),
    ]) as Tensor
    expect(second.toArray()).toEqual([
      [2, 0],
      [5, 3],
    ])
    expect(torch.cat([x, x]).shape).toEqual([4, 3])
  })

  it('grow the tape for lists far beyond its length', () => {
    const many = Array.from({ length: 40_000 }, (_, i) => i)
    const x = from(Float32Array.from(many))
    const shape = torch.zeros([1]).expand([40_000])
    expect(shape.shape).toEqual([40_000])
    tidy(() => {
      const pieces = x.split(many.map(() => 1))
      expect(pieces).toHaveLength(40_000)
      expect(pieces[39_999].item()).toBe(39_999)
      expect(numbers(torch.cat(pieces).sub(x).abs().sum())).toEqual([0])
    })
  })

  it.each<[string, () => unknown, RegExp]>([
    [
      'a string for a tensor',
      () => torch.relu('x' as never),
      /Expected a Tensor for `self` but received a string/,
    ],
    [
      'nothing for a tensor',
      () => torch.matmul(tensor([1]), undefined as never),
      /`other` but received nothing/,
    ],
    [
      'null for a tensor',
      () => torch.matmul(tensor([1]), null as never),
      /`other` but received null/,
    ],
    [
      'a fraction for an integer',
      () => torch.softmax(tensor([1]), 0.5),
      /an integer for `dim` but received a number/,
    ],
    [
      'infinity for an integer',
      () => torch.softmax(tensor([1]), Number.POSITIVE_INFINITY),
      /`dim`/,
    ],
    [
      'a bigint for a float',
      () => torch.dropout(tensor([1]), 1n as never, true),
      /a number for `p` but received a bigint/,
    ],
    [
      'a number for a boolean',
      () => torch.dropout(tensor([1]), 0.5, 1 as never),
      /a boolean for `train`/,
    ],
    ['a fraction within a list', () => torch.zeros([1.5]), /an integer for `size`/],
    [
      'a number for a free list',
      () => callOperator('aten::permute', '', tensor([1]), 0),
      /an array for `dims`/,
    ],
    [
      'a tensor within integers',
      () => callOperator('aten::permute', '', tensor([1]), [tensor([1])]),
      /`dims` but received a Tensor/,
    ],
    [
      'an unknown dtype',
      () => torch.zeros([1], { dtype: 'float31' as never }),
      /a dtype, memory format or layout for `dtype` but received "float31"/,
    ],
    [
      'too many arguments',
      () => callOperator('aten::relu', '', tensor([1]), 2, 3),
      /at most 1 arguments but received 3/,
    ],
  ])('refuse %s, naming the argument', (_, work, message) => {
    expect(work).toThrow(TorchError)
    expect(work).toThrow(message)
  })

  it.each<[string, unknown, RegExp]>([
    ['an object', {}, /add\.Scalar\(Tensor float32\[1\], Object.*received Object/],
    ['an object of no prototype', Object.create(null), /received Object/],
    ['a function', () => 1, /received a function/],
    ['a symbol', Symbol('s'), /received a symbol/],
    ['a bigint beyond 64 bits', 2n ** 63n, /64 bits but received 9223372036854775808/],
    ['a typed array', new Float32Array(1), /received Float32Array/],
  ])('refuse %s before the addon sees it', (_, value, message) => {
    expect(() => torch.add(tensor([1]), value as never)).toThrow(ArgumentError)
    expect(() => torch.add(tensor([1]), value as never)).toThrow(message)
  })
})

describe('results', () => {
  it('are the same object for an operator in place or one that changes nothing', () => {
    const x = tensor([-1, 2])
    expect(x.relu_()).toBe(x)
    expect(torch.mul(x, 1)).not.toBe(x)
    expect(x.contiguous()).toBe(x)
    expect(numbers(x)).toEqual([0, 2])
  })

  it('come as arrays where there are several', () => {
    const [values, indices] = tensor([3, 9, 4]).max(0)
    expect([values.item(), indices.item(), indices.dtype]).toEqual([9, 1, 'int64'])
  })

  it('are null where LibTorch gives an undefined tensor', () => {
    const [input, weight, bias] = callOperator(
      'aten::convolution_backward',
      '',
      torch.ones([1, 1, 1, 1]),
      torch.ones([1, 1, 1, 1]),
      torch.ones([1, 1, 1, 1]),
      null,
      [1, 1],
      [0, 0],
      [1, 1],
      false,
      [0, 0],
      1,
      [true, false, false],
    ) as (Tensor | null)[]
    expect([input?.shape, weight, bias]).toEqual([[1, 1, 1, 1], null, null])
  })

  it('may be plain numbers, booleans and bigints', () => {
    const x = torch.zeros([2, 3])
    expect(callOperator('aten::size', 'int', x, 1)).toBe(3)
    expect(callOperator('aten::is_complex', '', x)).toBe(false)
    expect(callOperator('aten::item', '', tensor([2n ** 62n + 1n]))).toBe(2n ** 62n + 1n)
    expect(callOperator('aten::item', '', tensor([-(2n ** 62n) - 1n]))).toBe(-(2n ** 62n) - 1n)
  })
})

describe('errors of LibTorch', () => {
  it('name the operator, its arguments and the cause, without a C++ trace', () => {
    const work = () => torch.zeros([2, 3]).matmul(torch.zeros([4, 5]))
    // LibTorch 2.15 puts "mm: " before its words.
    expect(work).toThrow(
      /^matmul\(Tensor float32\[2, 3\], Tensor float32\[4, 5\]\): (mm: )?mat1 and mat2 shapes cannot be multiplied \(2x3 and 4x5\)$/,
    )
    try {
      work()
    } catch (error) {
      expect(error).toBeInstanceOf(TorchError)
      expect((error as TorchError).operator).toBe('matmul')
      expect((error as TorchError).message).not.toMatch(/frame #|Exception raised/)
      expect((error as TorchError).stack).toMatch(/call\.test/)
    }
  })

  it('leave no tensor behind and the tape in order', () => {
    const x = tensor([1, 2])
    const before = liveTensors().tensors
    for (let i = 0; i < 100; i++) expect(() => x.view([3])).toThrow(TorchError)
    expect(liveTensors().tensors).toBe(before)
    expect(numbers(x.add(1).add_(1)).length).toBe(2)
  })

  it('say that there is not so much memory', () => {
    expect(() => torch.empty([2 ** 50])).toThrow(/empty.*(memory|alloc)/s)
  })

  it('name an operator that this LibTorch does not have, and its version', () => {
    expect(() => callOperator('aten::no_such', 'x')).toThrow(
      /operator of LibTorch \d+\.\d+.* but received "aten::no_such\.x"/,
    )
  })

  it('are DisposedError for a released tensor, before the addon is called', () => {
    const x = tensor([1])
    x.dispose()
    expect(() => x.relu()).toThrow(DisposedError)
    expect(() => torch.cat([tensor([1]), x])).toThrow(DisposedError)
  })

  it('refuse a handle of another life and one that never was', () => {
    for (const handle of [0, -1, 5, 2 ** 24 * 7, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => callOperator('aten::relu', '', { handle })).toThrow(/was released before/)
    const x = tensor([1])
    const { handle } = x
    x.dispose()
    const y = tensor([2])
    expect(() => callOperator('aten::relu', '', { handle })).toThrow(/was released before/)
    expect(y.item()).toBe(2)
  })
})

describe('memory that is not there', () => {
  it('is an error of its own, which names the operator', () => {
    const absurd = () => torch.empty([2 ** 46])
    expect(absurd).toThrow(OutOfMemoryError)
    expect(absurd).toThrow(TorchError)
    expect(absurd).toThrow(/^empty.*281474976710656 bytes/)
    expect(() => tensor([1]).view([7])).not.toThrow(OutOfMemoryError)
  })
})

describe('the typed wrappers', () => {
  it('choose the overload by what is given', () => {
    const x = from(Float32Array.of(1, 2, 3, 4), [2, 2])
    expect(x.sum().item()).toBe(10)
    expect(numbers(x.sum([0]))).toEqual([4, 6])
    expect(x.sum([0], true).shape).toEqual([1, 2])
    expect(x.sum({ dtype: 'float64' }).dtype).toBe('float64')
    expect(numbers(x.pow(2))).toEqual([1, 4, 9, 16])
    expect(numbers(torch.pow(2, x))).toEqual([2, 4, 8, 16])
    expect(numbers(x.add(x, { alpha: 10 }))).toEqual([11, 22, 33, 44])
    expect(numbers(x.add(1, { alpha: 10 }))).toEqual([11, 12, 13, 14])
  })

  it('refuse what fits no overload, naming all that was given', () => {
    expect(() => tensor([1]).sum('x' as never)).toThrow(
      /one of the \d forms of sum but received \(Tensor float32\[1\], "x"\)/,
    )
    expect(() => tensor([1]).sum({ keepDims: true } as never)).toThrow(ArgumentError)
  })

  it('refuse an option that they do not have, with those that they do', () => {
    const misspelt = { alpah: 2 } as { alpha?: number }
    expect(() => torch.ones([1]).add(1, misspelt)).toThrow(
      new ArgumentError('Expected alpha among the options of add.Scalar but received "alpah".'),
    )
    expect(() => torch.zeros([1], { dtyp: 'int64' } as object)).toThrow(/dtype, .* "dtyp"/)
    expect(torch.zeros([1], { requiresGrad: true }).requiresGrad).toBe(true)
  })

  it('need the keywords that the schema requires', () => {
    const index = tensor([[0n], [0n]])
    const x = torch.zeros([2, 1])
    const source = tensor([[1], [2]])
    expect(numbers(x.scatter(0, index, source))).toEqual([2, 0])
    expect(numbers(x.scatter(0, index, source, { reduce: 'add' }))).toEqual([3, 0])
    expect(numbers(torch.scatter(x, 0, index, 5))).toEqual([5, 0])
    expect(numbers(tensor([1.25]).round({ decimals: 1 }))[0]).toBeCloseTo(1.2, 6)
    expect(() => linalg.solveTriangular(x, x, {} as never)).toThrow(/`upper`/)
  })

  it('cut frames as torch.stft does, about their centres', () => {
    const [x, window] = [torch.ones([8]), torch.ones([4])]
    const frames = (center?: boolean) =>
      torch.stft(x, 4, 2, null, window, center, undefined, undefined, undefined, true).shape
    expect([frames(), frames(false)]).toEqual([
      [3, 5],
      [3, 3],
    ])
  })

  it('choose by the values of keywords too', () => {
    const x = tensor([[0, 1, 4]])
    const numbersOf = (slopes: readonly Tensor[]) => slopes.map(numbers)
    expect(numbersOf(x.gradient({ dim: [1] }))).toEqual([[1, 2, 3]])
    expect(numbersOf(x.gradient({ spacing: 0.5, dim: 1 }))).toEqual([[2, 4, 6]])
    expect(numbersOf(x.gradient({ spacing: [0.5], dim: [1] }))).toEqual([[2, 4, 6]])
    const places = [tensor([0, 2, 4])]
    expect(numbersOf(x.gradient({ spacing: places, dim: [1] }))).toEqual([[0.5, 1, 1.5]])
    expect(() => x.gradient({ spacing: 'far' as never })).toThrow(/one of the 7 forms of gradient/)
  })

  it('take options where arguments before them are left out', () => {
    const x = tensor([[1, 3]])
    expect(torch.trilIndices(2, 2, { dtype: 'int32' }).dtype).toBe('int32')
    expect(numbers(torch.trilIndices(2, 2))).toEqual([0, 1, 1, 0, 0, 1])
    expect(x.sum(1, { dtype: 'float64' }).dtype).toBe('float64')
    expect(linalg.vectorNorm(x, { dtype: 'float64' }).dtype).toBe('float64')
    expect(fft.fftfreq(2, { dtype: 'float64', requiresGrad: true }).requiresGrad).toBe(true)
  })

  const version = native.engineInfo().version.split('.').slice(0, 2).join('.')

  it.runIf(['1.13', '2.15'].includes(version))(
    'all have their operator in the versions that the table says',
    () => {
      const wrong = OPERATORS.filter(entry => {
        const [full, only] = entry.split(' ')
        const [name, overload = ''] = full.split('.')
        const expected = only === undefined || only === version
        return native.resolve(`aten::${name}`, overload) >= 0 !== expected
      })
      expect(OPERATORS.length).toBeGreaterThan(1100)
      expect(wrong).toEqual([])
    },
  )
})
