// Tensors from JavaScript values. The other factories (zeros, randn, arange...) are generated.
import { dtypeOfArray, elementsPer } from './dtype.ts'
import { ArgumentError, ShapeError } from './errors.ts'
import { tidy } from './memory.ts'
import { borrow, type Tensor } from './tensor.ts'
import type { Device, DType } from './types.ts'

/** Numbers nested to any depth, rectangular. */
export type NestedData = number | boolean | bigint | readonly NestedData[]

/** What a tensor that {@link tensor} makes should be, where its data do not say. */
export interface TensorOptions {
  /** Default: float32; bool for booleans, int64 for bigints, the array's own for a typed array. */
  dtype?: DType
  /** Default 'cpu'. */
  device?: Device
  requiresGrad?: boolean
}

/**
 * A tensor with a copy of `data`: nested arrays, or a typed array, which gives one dimension.
 *
 * @throws ShapeError when nested arrays are not rectangular, ArgumentError when they hold anything
 * but numbers, booleans or bigints of 64 bits, all of one kind.
 * @example tensor([[1, 2], [3, 4]])
 */
export function tensor(data: NestedData | ArrayBufferView, options: TensorOptions = {}): Tensor {
  const result = tidy(() => {
    const borrowed = ArrayBuffer.isView(data) ? from(data) : fromNested(data)
    const dtype = options.dtype ?? (borrowed.dtype === 'float64' ? defaultDtype(data) : undefined)
    return borrowed.to({ dtype, device: options.device, copy: ArrayBuffer.isView(data) })
  })
  return options.requiresGrad ? result.requiresGrad_() : result
}

/**
 * A CPU tensor over `array`'s own memory: no copy, a write on either side shows on the other. The
 * array stays alive as long as any tensor uses it; transferring its buffer to another thread while
 * one does is an error of yours that nothing can catch.
 *
 * @param shape default: one dimension.
 * @param dtype default: the array's own. A Float32Array may be complex64 and a Float64Array
 * complex128, pairs of real and imaginary parts; a Uint8Array may be bool.
 * @throws ShapeError when the shape does not hold as many elements as the array, ArgumentError when
 * the array's memory is no `dtype`.
 */
export function from(array: ArrayBufferView, shape?: readonly number[], dtype?: DType): Tensor {
  const type = dtype ?? dtypeOfArray(array)
  const per = elementsPer(type, array)
  if (per === undefined)
    throw new ArgumentError(
      `Expected a typed array whose memory is ${type} but received ${array.constructor.name}. tensor() converts.`,
    )
  const bytes = per * (array as Uint8Array).BYTES_PER_ELEMENT
  const length = array.byteLength / bytes
  const sizes = shape ?? [Math.floor(length)]
  const wanted = sizes.reduce((product, size) => product * size, 1)
  if (wanted !== length || !sizes.every(size => Number.isSafeInteger(size) && size >= 0))
    throw new ShapeError(
      `Expected a shape that holds the array's ${length} elements but received [${sizes.join(', ')}].`,
    )
  return borrow(plainArray(array), type, sizes)
}

/** Node-API knows no Float16Array: the same bytes under a name that it knows. */
const plainArray = (array: ArrayBufferView): ArrayBufferView =>
  dtypeOfArray(array) === 'float16'
    ? new Uint16Array(array.buffer, array.byteOffset, array.byteLength / 2)
    : array

function fromNested(data: NestedData): Tensor {
  const shape: number[] = []
  for (let level: NestedData = data; Array.isArray(level); level = level[0])
    shape.push(level.length)
  const flat: (number | boolean | bigint)[] = []
  flatten(data, shape, 0, flat)
  if (typeof flat[0] === 'bigint') return from(BigInt64Array.from(flat as bigint[]), shape)
  const values = from(Float64Array.from(flat as number[]), shape)
  return typeof flat[0] === 'boolean' ? values.to('bool') : values
}

/** Numbers are read in float64, which a dtype asked for is made from without loss. */
const defaultDtype = (data: NestedData | ArrayBufferView): DType =>
  data instanceof Float64Array ? 'float64' : 'float32'

function flatten(
  data: NestedData,
  shape: readonly number[],
  depth: number,
  out: (number | boolean | bigint)[],
): void {
  if (!Array.isArray(data)) {
    if (depth !== shape.length) throw ragged(shape, depth, 'a number')
    if (out.length > 0 && typeof data !== typeof out[0])
      throw new ArgumentError(
        `Expected values of one kind (${typeof out[0]}) for \`data\` but received a ${typeof data} among them.`,
      )
    out.push(checkedElement(data as number | boolean | bigint))
    return
  }
  if (depth >= shape.length || data.length !== shape[depth])
    throw ragged(shape, depth, `an array of ${data.length}`)
  for (const item of data) flatten(item, shape, depth + 1, out)
}

function checkedElement<T>(value: T): T {
  const fits = typeof value === 'bigint' ? BigInt.asIntN(64, value) === value : true
  if (fits && ['number', 'boolean', 'bigint'].includes(typeof value)) return value
  throw new ArgumentError(
    `Expected numbers, booleans or bigints of 64 bits for \`data\` but received ${typeof value === 'bigint' ? value : `a ${typeof value}`}.`,
  )
}

const ragged = (shape: readonly number[], depth: number, received: string) =>
  new ShapeError(
    `Expected ${depth < shape.length ? `an array of ${shape[depth]}` : 'a number'} at depth ${depth} of \`data\` but received ${received}. Nested arrays must be rectangular.`,
  )
