// Tensor: identity, metadata, data in and out, autograd accessors. Arithmetic is generated
// (generated/methods-*.ts); this class adds what is not an operator or reads better by hand.
import { attempt, callOperator, requireGrad, setDescription, setWrapper } from './call.ts'
import { arrayFor, codeOf, dtypeOf, type TypedArray } from './dtype.ts'
import { ArgumentError } from './errors.ts'
import { TensorMethods } from './generated/methods.ts'
import { tidy } from './memory.ts'
import { native } from './native.ts'
import * as tape from './tape.ts'
import type { Device, DType, MemoryFormat } from './types.ts'

/** What `Tensor.to` changes; whatever is left out stays as it is. */
export interface ToOptions {
  dtype?: DType
  device?: Device
  memoryFormat?: MemoryFormat
  /** Copy even when nothing changes. Default false. */
  copy?: boolean
}

interface Description {
  dtype: DType
  requiresGrad: boolean
  isLeaf: boolean
  shape: number[]
  stride: number[]
}

export class Tensor extends TensorMethods {
  #describe(): Description {
    native.describe(this.handle)
    tape.rewind()
    const dtype = dtypeOf(tape.next())
    const requiresGrad = tape.next() === 1
    const isLeaf = tape.next() === 1
    const dim = tape.next()
    const shape = Array.from({ length: dim }, () => tape.next())
    const stride = Array.from({ length: dim }, () => tape.next())
    return { dtype, requiresGrad, isLeaf, shape, stride }
  }

  /** Sizes of the dimensions; `[]` for a scalar. */
  get shape(): number[] {
    return this.#describe().shape
  }

  /** Elements between neighbours along each dimension. */
  get strides(): number[] {
    return this.#describe().stride
  }

  get dtype(): DType {
    return this.#describe().dtype
  }

  get device(): Device {
    return native.deviceOf(this.handle) as Device
  }

  /** Number of dimensions. */
  get dim(): number {
    return this.shape.length
  }

  /** Number of elements. */
  get numel(): number {
    return this.shape.reduce((product, size) => product * size, 1)
  }

  get requiresGrad(): boolean {
    return this.#describe().requiresGrad
  }

  /** True for tensors that no recorded operation made: parameters and plain data. */
  get isLeaf(): boolean {
    return this.#describe().isLeaf
  }

  /**
   * Asks autograd to record operations on this leaf (or to stop), in place.
   *
   * @throws TorchError for integer dtypes, and when a non-leaf is switched off.
   */
  requiresGrad_(wanted = true): this {
    requireGrad(this, wanted)
    return this
  }

  /**
   * The gradient that backward has accumulated, null before the first. A new wrapper each time.
   * Setting it throws TorchError unless shape, dtype and device are the tensor's own.
   */
  get grad(): Tensor | null {
    const handle = native.gradOf(this.handle)
    return handle === 0 ? null : new Tensor(handle)
  }

  set grad(value: Tensor | null) {
    attempt('grad', [this, value], () =>
      native.setGrad(this.handle, value === null ? 0 : value.handle),
    )
  }

  /** The same data without the history that autograd recorded. */
  detach(): Tensor {
    return callOperator('aten::detach', '', this) as Tensor
  }

  /**
   * Back-propagates from this scalar (or from any shape, given `gradient` of the same shape) into
   * the `.grad` of every leaf that wants one.
   *
   * @throws TorchError when nothing was recorded, or the graph was freed by an earlier pass.
   */
  backward(
    gradient: Tensor | null = null,
    options: { retainGraph?: boolean; createGraph?: boolean } = {},
  ): void {
    const { createGraph = false, retainGraph = createGraph } = options
    attempt('backward', [this, gradient], () => {
      tape.rewind()
      tape.putArgument([this])
      tape.putArgument(gradient ? [gradient] : [])
      tape.putArgument([])
      tape.putArgument(retainGraph)
      tape.putArgument(createGraph)
      native.backward()
    })
  }

  /** This tensor with another dtype, device or memory format; itself when nothing changes. */
  to(target: DType | Device | ToOptions): Tensor {
    const options = typeof target === 'string' ? fromShorthand(target) : target
    return callOperator(
      'aten::to',
      'dtype_layout',
      this,
      options.dtype,
      undefined,
      options.device,
      undefined,
      false,
      options.copy ?? false,
      options.memoryFormat,
    ) as Tensor
  }

  /**
   * The value of a tensor with one element; booleans as 0 or 1.
   *
   * @throws ArgumentError when there are more elements, for complex dtypes, and for an int64 beyond
   * 2^53 (read it by data()).
   */
  item(): number {
    const { dtype, shape } = this.#describe()
    if (shape.some(size => size !== 1))
      throw new ArgumentError(
        `Expected a tensor with one element for item() but received shape ${shapeText(shape)}.`,
      )
    refuseComplex(dtype, 'item')
    const value = callOperator('aten::item', '', this)
    if (typeof value === 'bigint')
      throw new ArgumentError(
        `Expected an integer within 2^53 for item() but received ${value}. Use data(), which gives a BigInt64Array.`,
      )
    return Number(value)
  }

  /**
   * The elements in row-major order, as a view of the tensor's own memory where it is a contiguous
   * CPU tensor (a write there changes the tensor, and the memory lives as long as the view), as a
   * copy otherwise. bfloat16 and float16 come as a Float32Array copy; bool as a Uint8Array.
   *
   * @throws ArgumentError for complex dtypes.
   */
  data(): TypedArray {
    const { dtype } = this
    refuseComplex(dtype, 'data')
    return tidy(() => {
      const Type = arrayFor(dtype)
      if (!Type) return this.to('float32').data()
      const plain = this.detach().to('cpu').contiguous()
      return new Type(attempt('data', [this], () => native.viewOf(plain.handle)))
    })
  }

  /** The elements as nested arrays of numbers (booleans for bool); a number for a scalar. */
  toArray(): NestedArray {
    const flat = Array.from(this.data() as ArrayLike<number | bigint>, toPlain(this.dtype))
    return nest(flat, this.shape)
  }

  override toString(): string {
    return `Tensor(${shapeText(this.shape)}, ${this.dtype}, ${this.device}${this.requiresGrad ? ', requiresGrad' : ''})`
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.isDisposed ? 'Tensor(released)' : this.toString()
  }
}

export type NestedArray = number | boolean | NestedArray[]

const shapeText = (shape: readonly number[]) => `[${shape.join(', ')}]`

function refuseComplex(dtype: DType, method: string): void {
  if (dtype.startsWith('complex'))
    throw new ArgumentError(
      `Expected a real tensor for ${method}() but received ${dtype}. Call viewAsReal() first.`,
    )
}

function fromShorthand(target: DType | Device): ToOptions {
  return target === 'cpu' || target.startsWith('cuda')
    ? { device: target as Device }
    : { dtype: target as DType }
}

function toPlain(dtype: DType): (value: number | bigint) => number | boolean {
  if (dtype === 'bool') return value => value !== 0
  return value => {
    if (typeof value === 'bigint' && !Number.isSafeInteger(Number(value)))
      throw new ArgumentError(
        `Expected integers within 2^53 for toArray() but received ${value}. Use data(), which gives a BigInt64Array.`,
      )
    return Number(value)
  }
}

function nest(flat: (number | boolean)[], shape: readonly number[]): NestedArray {
  if (shape.length === 0) return flat[0]
  if (shape.length === 1) return flat
  const rest = shape.slice(1)
  const size = rest.reduce((product, n) => product * n, 1)
  return Array.from({ length: shape[0] }, (_, i) =>
    nest(flat.slice(i * size, (i + 1) * size), rest),
  )
}

setWrapper(handle => new Tensor(handle))
setDescription(tensor => `Tensor ${(tensor as Tensor).dtype}${shapeText((tensor as Tensor).shape)}`)

/** A tensor that borrows `array`'s memory: see `from` in create.ts. */
export function borrow(array: ArrayBufferView, dtype: DType, shape: readonly number[]): Tensor {
  const handle = attempt('from', [array, shape], () =>
    native.fromBuffer(array, codeOf(dtype), shape),
  )
  return new Tensor(handle)
}
