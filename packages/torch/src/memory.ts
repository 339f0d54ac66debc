// When tensors are released. JavaScript has no reference counts, and a garbage collection may come
// too late for activations of hundreds of megabytes; so whatever is made inside a scope and not
// returned from it is released when the scope ends. Autograd keeps what backward needs.
import { refusePromise } from './errors.ts'
import { native } from './native.ts'
import { Scope, TensorBase, tensorsIn } from './tensor-base.ts'

/**
 * Runs `work` and releases every tensor made in it that it does not return (alone or inside arrays,
 * maps and plain objects). Scopes nest; a throw releases everything.
 *
 * @throws ArgumentError when `work` returns a promise: tensors made after an `await` would escape.
 * @example const loss = tidy(() => model(x).crossEntropyLoss(y))
 */
export function tidy<T>(work: () => T): T {
  const scope = new Scope()
  let result: T | undefined
  try {
    result = work()
    refusePromise(result, 'work')
    return result
  } finally {
    scope.end(result)
  }
}

/** Takes every tensor in `value` out of the scopes: it lives until dispose() or collection. */
export function keep<T>(value: T): T {
  for (const tensor of tensorsIn(value)) TensorBase.move(tensor, null)
  return value
}

/** Tensors (and bytes they own) that this thread's wrappers hold now. */
export const liveTensors = (): { tensors: number; bytes: number } => native.counts()
