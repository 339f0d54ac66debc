// The namespaces of operators as users see them, and what plain numbers and versions do there.
import { describe, expect, it } from 'vitest'
import * as torch from './index.ts'
import { fft, linalg, special, tensor } from './index.ts'
import { native } from './native.ts'
import { expectClose, numbers } from './testing.test.util.ts'

describe('linalg, special and fft', () => {
  const a = tensor([
    [4, 1],
    [2, 3],
  ])

  it('solve, decompose and measure', () => {
    expect(linalg.det(a).item()).toBeCloseTo(10, 5)
    expectClose(linalg.solve(a, tensor([9, 8])), [1.9, 1.4])
    expect(linalg.norm(a).item()).toBeCloseTo(Math.sqrt(30), 5)
    expect(linalg.norm(a, 'nuc').item()).toBeGreaterThan(linalg.norm(a, 2).item())
    const [u, s, vh] = linalg.svd(a)
    expectClose(u.mul(s).matmul(vh), [4, 1, 2, 3])
  })

  it('have special functions', () => {
    expectClose(special.expit(tensor([0, 2])), [0.5, 1 / (1 + Math.exp(-2))])
    expectClose(special.gammaln(tensor([5])), [Math.log(24)])
    expectClose(special.xlogy(tensor([0, 2]), tensor([0, 3])), [0, 2 * Math.log(3)])
  })

  it('transform and come back', () => {
    const x = tensor([1, -2, 3, 5])
    const spectrum = fft.rfft(x)
    expect([spectrum.dtype, spectrum.shape]).toEqual(['complex64', [3]])
    expectClose(spectrum.at(0).viewAsReal(), [7, 0])
    expectClose(fft.irfft(spectrum), [1, -2, 3, 5])
    expectClose(fft.fftfreq(4), [0, 0.25, -0.5, -0.25])
  })

  it('do not stand among the functions as well', () => {
    expect(Object.keys(torch).filter(name => /^(linalg|special|fft)[A-Z]/.test(name))).toEqual([])
  })
})

describe('a plain number on the left', () => {
  const x = tensor([1, 2, 4])

  it('is subtracted from, divided, raised, reduced', () => {
    expect(numbers(x.rsub(10))).toEqual([9, 8, 6])
    expect(numbers(x.rdiv(8))).toEqual([8, 4, 2])
    expect(numbers(x.rpow(2))).toEqual([2, 4, 16])
    expect(numbers(x.rremainder(5))).toEqual([0, 1, 1])
    expect(numbers(torch.pow(2, x))).toEqual([2, 4, 16])
  })
})

describe('dtypes', () => {
  it('are names wherever LibTorch gives numbers', () => {
    expect(torch.promoteTypes('int32', 'float16')).toBe('float16')
    expect(torch.resultType(tensor([1], { dtype: 'int64' }), 1.5)).toBe('float32')
    expect(torch.canCast('float32', 'int64')).toBe(false)
  })
})

describe('versions', () => {
  const [major, minor] = native.engineInfo().version.split('.').map(Number)
  const isOld = major === 1 && minor === 13

  it.runIf(isOld)('are named by a wrapper whose operator the loaded one lacks', () => {
    expect(() => torch.rmsNorm(tensor([1]), [1])).toThrow(
      /^Expected LibTorch 2\.x \(2\.15 has it\) for rms_norm but received 1\.13\.\d/,
    )
    expect(() => tensor([[1]]).all([0, 1])).toThrow(/for all\.dims but received 1\.13/)
  })

  it.runIf(isOld)('are named for an argument that the loaded one lacks, where it is given', () => {
    const rows = [tensor([1]), tensor([1, 2])]
    expect(torch.padSequence(rows, true, 9).toArray()).toEqual([
      [1, 9],
      [1, 2],
    ])
    expect(() => torch.padSequence(rows, true, 9, 'left')).toThrow(
      /Expected LibTorch 2\.x \(2\.15 has it\) for `padding_side` but received 1\.13/,
    )
  })

  it.runIf(major >= 2)('have what came with 2.x', () => {
    expect(
      tensor([[1]])
        .all([0, 1])
        .item(),
    ).toBe(1)
    const rows = [tensor([1]), tensor([1, 2])]
    expect(torch.padSequence(rows, true, 9, 'left').toArray()).toEqual([
      [9, 1],
      [1, 2],
    ])
  })

  it('do not matter for arguments that became optional', () => {
    const x = tensor([1, 2, 4])
    expectClose(x.std(null, { correction: 0 }), [Math.sqrt(14 / 9)])
    expectClose(x.std(), [Math.sqrt(7 / 3)])
  })
})
