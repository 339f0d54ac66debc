// Tensor: identity, metadata, data in and out, autograd accessors. Arithmetic is generated
// (generated/methods-*.ts); this class adds what is not an operator or reads better by hand.
import { type BackwardOptions, backward } from './autograd.ts'
import { attempt, callOperator, requireGrad, setDescription, setWrapper } from './call.ts'
import { callback, type MaybeTensor, type RemovableHandle } from './callback.ts'
import { arrayFor, codeOf, dtypeOf, type TypedArray } from './dtype.ts'
import { ArgumentError } from './errors.ts'
import { isContiguous } from './layout.ts'
import { tidy } from './memory.ts'
import { native } from './native.ts'
import { type NestedArray, nested } from './nested.ts'
import { tensorText } from './print.ts'
import * as tape from './tape.ts'
import { TensorIndexing } from './tensor-index.ts'
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

/**
 * An array of numbers of one dtype on one device, with autograd: PyTorch's torch.Tensor. It is a
 * handle: the elements are LibTorch's, and live until the scope that the tensor was made in ends
 * (see `tidy`), `dispose()` is called, or the garbage collector finds it. Operators are methods
 * (`x.add(y)`; with a trailing underscore in place) and functions of the package (`add(x, y)`).
 * Make one by `tensor`, `from`, `zeros`, `randn`, ..., not by the constructor.
 */
export class Tensor extends TensorIndexing {
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

  /** The shape, or the size of one dimension; a negative one counts from the last. */
  size(): number[]
  size(dim: number): number
  size(dim?: number): number | number[] {
    return entry(this.shape, dim)
  }

  /** Elements between neighbours along each dimension. */
  get strides(): number[] {
    return this.#describe().stride
  }

  /** The strides, or that of one dimension; a negative one counts from the last. */
  stride(): number[]
  stride(dim: number): number
  stride(dim?: number): number | number[] {
    return entry(this.strides, dim)
  }

  /** Whether the elements lie in memory in the order of `memoryFormat`, without gaps. */
  isContiguous(memoryFormat: MemoryFormat = 'contiguous_format'): boolean {
    const { shape, stride } = this.#describe()
    return isContiguous(shape, stride, memoryFormat)
  }

  /** Type of the elements. */
  get dtype(): DType {
    return this.#describe().dtype
  }

  /** Where the elements are: `'cpu'` or `'cuda:N'`. */
  get device(): Device {
    return native.deviceOf(this.handle) as Device
  }

  /** True for a tensor in the memory of a GPU. */
  get isCuda(): boolean {
    return this.device !== 'cpu'
  }

  /** Number of dimensions. */
  get dim(): number {
    return this.shape.length
  }

  /** Number of elements. */
  get numel(): number {
    return this.shape.reduce((product, size) => product * size, 1)
  }

  /** Whether autograd records what is done with this tensor. */
  get requiresGrad(): boolean {
    return this.#describe().requiresGrad
  }

  /** True for tensors that no recorded operation made: parameters and plain data. */
  get isLeaf(): boolean {
    return this.#describe().isLeaf
  }

  /** Name of the recorded operation that made this tensor, e.g. `MulBackward0`; null for leaves. */
  get gradFn(): string | null {
    return native.gradFnOf(this.handle).split('::').at(-1) || null
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

  /**
   * Back-propagates from this scalar (or from any shape, given `gradient` of the same shape) into
   * the `.grad` of every leaf that wants one, or of `options.inputs` only.
   *
   * @throws TorchError when nothing was recorded, or the graph was freed by an earlier pass.
   */
  backward(gradient: Tensor | null = null, options: BackwardOptions = {}): void {
    backward(this, gradient, options)
  }

  /**
   * Calls `hook` with the gradient of this tensor whenever backward has it; a tensor that it returns
   * takes the gradient's place. Hooks run in the order of their registration, in the thread that
   * called backward, each in a scope of its own: keep() what should outlive it. They record under
   * createGraph only; a pass of their own needs enableGrad. The graph holds the hook: one that mentions its own tensor keeps it until remove() or dispose(). LibTorch 1.13 calls
   * the hooks of a leaf in backward, not in grad.
   *
   * @throws TorchError when this tensor wants no gradient. What a hook throws ends the pass.
   * @example const handle = x.registerHook(gradient => gradient.clamp(-1, 1))
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook that only looks returns nothing
  registerHook(hook: (gradient: Tensor) => MaybeTensor | void): RemovableHandle {
    const run = callback('hook', ([gradient]) => [hook(gradient as Tensor) as MaybeTensor])
    const position = attempt('registerHook', [this], () => native.registerHook(this.handle, run))
    let registered = true
    const remove = () => {
      if (registered && !this.isDisposed) native.removeHook(this.handle, position)
      registered = false
    }
    return { remove }
  }

  /**
   * Makes backward keep the gradient of this tensor, which is no leaf, in `.grad`. A leaf's is kept
   * anyway.
   *
   * @throws TorchError when this tensor wants no gradient.
   */
  retainGrad(): void {
    callOperator('aten::retain_grad', '', this)
  }

  /** Whether retainGrad was called, on a tensor that is no leaf. */
  get retainsGrad(): boolean {
    return callOperator('aten::retains_grad', '', this) as boolean
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
    const { handle } = this
    return attempt('item', [this], () => native.item(handle)) ?? this.#refuseItem()
  }

  #refuseItem(): never {
    const { dtype, shape } = this.#describe()
    if (shape.some(size => size !== 1))
      throw new ArgumentError(
        `Expected a tensor with one element for item() but received shape ${shapeText(shape)}.`,
      )
    if (dtype.startsWith('complex'))
      throw new ArgumentError(
        `Expected a real tensor for item() but received ${dtype}. Call viewAsReal() first.`,
      )
    throw new ArgumentError(
      `Expected an integer within 2^53 for item() but received ${this.data()[0]}. Use data(), which gives a BigInt64Array.`,
    )
  }

  /**
   * The elements in row-major order, as a view of the tensor's own memory where it is a contiguous
   * CPU tensor (a write there changes the tensor, and the memory lives as long as the view), as a
   * copy otherwise. Complex numbers come as pairs, real part first; bool as a Uint8Array; float16 as
   * a Float16Array where the runtime has it; else it and bfloat16 as a Float32Array copy.
   */
  data(): TypedArray {
    return tidy(() => {
      const { dtype } = this
      const detached = this.detach()
      const plain = dtype.startsWith('complex') ? detached.resolveConj().viewAsReal() : detached
      const Type = arrayFor(dtype)
      if (!Type) return plain.to('float32').data()
      const flat = plain.resolveNeg().to('cpu').contiguous()
      return new Type(attempt('data', [this], () => native.viewOf(flat.handle)))
    })
  }

  /**
   * The elements as nested arrays of numbers (booleans for bool, pairs for complex dtypes); a number
   * for a scalar.
   *
   * @throws ArgumentError for an int64 beyond 2^53.
   */
  toArray(): NestedArray {
    return nested(this.data(), this.dtype, this.shape)
  }

  /** The elements as PyTorch prints them: `tensor([1., 2.])`; `Tensor(released)` once it was. */
  override toString(): string {
    return this.isDisposed ? 'Tensor(released)' : tidy(() => tensorText(this))
  }

  /** What `console.log` shows: toString(). */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }
}

const shapeText = (shape: readonly number[]) => `[${shape.join(', ')}]`

/** All of `list`, or the entry of dimension `dim`. */
function entry(list: number[], dim: number | undefined): number | number[] {
  if (dim === undefined) return list
  const found = list.at(dim)
  if (found === undefined || !Number.isInteger(dim))
    throw new ArgumentError(
      `Expected a dimension from ${-list.length} to ${list.length - 1} but received ${dim}.`,
    )
  return found
}

function fromShorthand(target: DType | Device): ToOptions {
  return target === 'cpu' || target.startsWith('cuda')
    ? { device: target as Device }
    : { dtype: target as DType }
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
