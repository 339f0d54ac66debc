// Inputs and records of conformance/fill.py: the same formulas, so that data files hold results alone.
import { from, tensor } from '../create.ts'
import { complex } from '../generated/functions.ts'
import type { Tensor } from '../tensor.ts'
import type { DType } from '../types.ts'

/** A tensor's elements in base64: its memory, row-major and little-endian. */
export interface Recorded {
  shape: number[]
  dtype: DType
  data: string
}

const countOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1)

/** `real_fill`, element by element. */
const realAt = (index: number, seed: number) => ((index * 7919 + seed * 104729) % 2048) / 1024 - 1

/** `matrix_fill`: element (i, j) of the matrix that begins at `start`. */
function matrixAt(kind: string, size: number, start: number, [i, j]: number[], seed: number) {
  const real = (row: number, column: number) => realAt(start + row * size + column, seed)
  const diagonal = i === j ? 1 : 0
  if (kind === 'regular') return real(i, j) + size * diagonal
  if (kind === 'lower') return (j <= i ? real(i, j) : 0) + 2 * diagonal
  return (real(i, j) + real(j, i)) / 2 + (kind === 'definite' ? size * diagonal : 0)
}

const MATRICES = ['symmetric', 'definite', 'regular', 'lower']

function matrices(kind: string, shape: number[], seed: number): Float64Array {
  const size = shape.at(-1) as number
  return Float64Array.from({ length: countOf(shape) }, (_, index) => {
    const within = index % size ** 2
    return matrixAt(kind, size, index - within, [Math.floor(within / size), within % size], seed)
  })
}

const NUMBERS: Record<string, number> = { nan: Number.NaN, inf: Infinity, '-inf': -Infinity }

function listed(text: string, shape: number[]): Tensor {
  const [dtype, values] = text.split('=')
  const numbers = values.split(',').map(value => NUMBERS[value] ?? Number(value))
  const made = tensor(Float64Array.from(numbers), { dtype: (dtype || 'float64') as DType })
  return made.reshape(shape)
}

/** Values of `[shape, kind, seed]`, as `fill` of fill.py says. */
export function fill(shape: number[], seed: number, kind = 'real'): Tensor {
  if (kind.includes('=')) return listed(kind, shape)
  const [name, ...bounds] = kind.split(':')
  if (name === 'complex') return complex(fill(shape, seed), fill(shape, seed + 50))
  if (MATRICES.includes(name)) return from(matrices(name, shape, seed), shape)
  const elements = (at: (real: number, index: number) => number) =>
    from(
      Float64Array.from({ length: countOf(shape) }, (_, i) => at(realAt(i, seed), i)),
      shape,
    )
  if (/^u?int/.test(name)) {
    const [low, high] = (name === 'int' ? ['0', ...bounds] : bounds).map(Number)
    const whole = elements((_, i) => low + ((i * 7919 + seed * 104729) % (high - low)))
    return whole.to(name === 'int' ? 'int64' : (name as DType))
  }
  if (name === 'bool') return elements(real => Number(real > 0.4)).to('bool')
  if (name === 'positive') return elements(real => 0.5 + 0.49 * real)
  if (name !== 'in') return elements(real => real)
  const [low, high] = bounds.map(Number)
  return elements(real => low + (high - low) * ((real + 1) / 2))
}

type NumberArray = new (buffer: ArrayBuffer) => ArrayLike<number | bigint>

const ARRAYS: Partial<Record<DType, NumberArray>> = {
  float64: Float64Array,
  float32: Float32Array,
  complex128: Float64Array,
  complex64: Float32Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
}

/** The elements as plain numbers, complex ones in pairs. */
export function recordedNumbers({ dtype, data }: Recorded): number[] {
  const bytes = Uint8Array.from(Buffer.from(data, 'base64')).buffer
  if (dtype === 'bfloat16') {
    const wide = Uint32Array.from(new Uint16Array(bytes), half => half * 65536)
    return Array.from(new Float32Array(wide.buffer))
  }
  const Type = ARRAYS[dtype] as NumberArray
  return Array.from(new Type(bytes), Number)
}
