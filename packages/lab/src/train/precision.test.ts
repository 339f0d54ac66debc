import { describe, expect, it } from 'vitest'
import { resolvePrecision } from './precision.ts'

describe('resolvePrecision', () => {
  it.each([
    ['flags : fpu avx512f avx512_bf16 amx_tile', 'bfloat16'],
    ['flags : fpu amx_bf16 amx_tile amx_int8', 'bfloat16'],
    ['flags : fpu avx2 avx512f avx512_vnni', 'float32'],
    ['flags : not_avx512_bf16x', 'float32'],
    ['', 'float32'],
  ])('auto stands, on a CPU with "%s", for %s', (cpuInfo, expected) => {
    expect(resolvePrecision('auto', cpuInfo)).toBe(expected)
  })

  it('leaves a choice alone, whatever the CPU', () => {
    expect(resolvePrecision('bfloat16', '')).toBe('bfloat16')
    expect(resolvePrecision('float32', 'avx512_bf16')).toBe('float32')
  })

  it('reads this machine’s CPU where it has a description', () => {
    expect(['float32', 'bfloat16']).toContain(resolvePrecision('auto'))
  })
})
