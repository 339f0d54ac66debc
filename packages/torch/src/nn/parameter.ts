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
}

/** State that is saved with the model but not trained, such as running statistics. */
export class Buffer extends Tensor {
  constructor(data: Tensor) {
    super(ownHandle(data))
    TensorBase.move(this, null)
  }
}

function ownHandle(data: Tensor): number {
  const detached = data.detach()
  const handle = native.alias(detached.handle)
  detached.dispose()
  return handle
}
