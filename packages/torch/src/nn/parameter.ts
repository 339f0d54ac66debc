// The two kinds of tensor that a Module owns. Neither belongs to a scope: they live as long as the
// module does.
import { native } from '../native.ts'
import { Tensor } from '../tensor.ts'
import { TensorBase } from '../tensor-base.ts'

/** A tensor that is trained: a leaf that wants a gradient. Shares the memory of `data`. */
export class Parameter extends Tensor {
  constructor(data: Tensor, requiresGrad = true) {
    super(ownHandle(data))
    TensorBase.move(this, null)
    this.requiresGrad_(requiresGrad)
  }

  /** As PyTorch prints it: its elements below a line that says what it is. */
  override toString(): string {
    return `Parameter containing:\n${super.toString()}`
  }
}

/** Options of a {@link Buffer}. */
export interface BufferOptions {
  /** Part of the state dict. Default true. */
  persistent?: boolean
}

/** State that is not trained, such as running statistics. Shares the memory of `data`. */
export class Buffer extends Tensor {
  readonly persistent: boolean

  constructor(data: Tensor, options: BufferOptions = {}) {
    super(ownHandle(data))
    TensorBase.move(this, null)
    this.persistent = options.persistent ?? true
  }
}

function ownHandle(data: Tensor): number {
  const detached = data.detach()
  const handle = native.alias(detached.handle)
  detached.dispose()
  return handle
}
