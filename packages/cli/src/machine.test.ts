import { describe, expect, it } from 'vitest'
import { instructionSet, isReferenceBlas, mappedBlas } from './machine.ts'

const maps = (...paths: string[]) =>
  paths.map(path => `7f00-7f01 r-xp 00000000 fe:00 1234    ${path}`).join('\n')

describe('mappedBlas', () => {
  it('lists linear algebra libraries once each', () => {
    const text = maps('/lib/libblas.so.3', '/lib/libblas.so.3', '/lib/libc.so.6', '[heap]')
    expect(mappedBlas(text)).toEqual(['/lib/libblas.so.3'])
  })

  it('leaves out those of a GPU', () => {
    expect(mappedBlas(maps('/lib/libcublas.so.13', '/lib/libcublasLt.so.13'))).toEqual([])
  })
})

describe('isReferenceBlas', () => {
  it("tells the reference BLAS from Debian's OpenBLAS of the same file name", () => {
    expect(isReferenceBlas(['/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0'])).toBe(true)
    expect(isReferenceBlas(['/usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3'])).toBe(false)
  })

  it('accuses nobody when no library was found', () => {
    expect(isReferenceBlas([])).toBe(false)
  })
})

describe('instructionSet', () => {
  it("reads LibTorch's build report", () => {
    expect(instructionSet('PyTorch built with:\n  - CPU capability usage: AVX512\n')).toBe('AVX512')
    expect(instructionSet('')).toBe('unknown')
  })
})
