// Text of tensors, compared with what PyTorch printed (conformance/print.json, by print.py).
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { from, tensor } from './create.ts'
import * as torch from './generated/functions.ts'
import { Parameter } from './nn/index.ts'
import { decimal, scientific } from './print-number.ts'
import type { Tensor } from './tensor.ts'
import { leaked } from './testing.test.util.ts'
import type { DType } from './types.ts'

interface Case {
  name: string
  dtype: DType
  shape: number[]
  /** Row-major, pairs for complex; "nan", "inf", "-inf" as words; absent: 0, 1, 2... */
  values?: (number | string)[]
  requiresGrad?: boolean
  parameter?: boolean
  text: string
}

const cases: Case[] = JSON.parse(
  readFileSync(new URL('../conformance/print.json', import.meta.url), 'utf8'),
)

function build({ dtype, shape, values, requiresGrad, parameter }: Case): Tensor {
  const count = shape.reduce((a, b) => a * b, 1)
  const flat = (values ?? Array.from({ length: count }, (_, i) => i)).map(value =>
    typeof value === 'number' ? value : Number(value.replace('inf', 'Infinity')),
  )
  if (dtype.startsWith('complex'))
    return from(Float64Array.from(flat), shape, 'complex128').to(dtype)
  const x = tensor(Float64Array.from(flat)).to(dtype).reshape(shape)
  if (parameter) return new Parameter(x)
  return requiresGrad ? x.requiresGrad_() : x
}

describe('toString', () => {
  it.each(cases.map(each => [each.name, each] as const))('is PyTorch’s for %s', (_, each) => {
    expect(String(build(each))).toBe(each.text)
  })

  it('names the operation that recorded the tensor', () => {
    const x = tensor([1, 2], { requiresGrad: true })
    expect(String(x.mul(x))).toBe('tensor([1., 4.], grad_fn=<MulBackward0>)')
    expect(x.gradFn).toBeNull()
    expect(x.detach().gradFn).toBeNull()
  })

  it('reads views, also those that are conjugated or negated lazily', () => {
    const x = torch.arange(0, 6, 1, { dtype: 'int64' }).reshape([2, 3])
    expect(String(x.transpose(0, 1))).toBe('tensor([[0, 3],\n        [1, 4],\n        [2, 5]])')
    const z = from(Float32Array.of(1, 2), [1], 'complex64')
    expect(String(z.conj())).toBe('tensor([1.-2.j])')
    expect(String(z.conj().imag)).toBe('tensor([-2.])')
  })

  it('says when the tensor was released, and is what console.log shows', () => {
    const x = tensor([true])
    expect(inspect({ x })).toBe('{ x: tensor([True]) }')
    x.dispose()
    expect(`${x}`).toBe('Tensor(released)')
  })

  it('leaves no tensor behind', () => {
    const x = torch.zeros([100, 100])
    expect(leaked(() => String(x))).toBe(0)
  })
})

describe('decimal and scientific', () => {
  it.each([
    [0.03125, '0.0312'],
    [0.09375, '0.0938'],
    [-0, '-0.0000'],
    [2.5, '2.5000'],
    [1.00005, '1.0001'],
  ])('round %s to %s: a half goes to the even digit', (value, text) => {
    expect(decimal(value, 4)).toBe(text)
  })

  it.each([
    [100005, '1.0000e+05'],
    [100015, '1.0002e+05'],
    [1e-7, '1.0000e-07'],
    [-1.5e300, '-1.5000e+300'],
    [99999.5, '1.0000e+05'],
  ])('write %s as %s', (value, text) => {
    expect(scientific(value, 4)).toBe(text)
  })
})
