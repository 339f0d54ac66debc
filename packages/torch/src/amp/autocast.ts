// The mode that runs matrix products and convolutions in half precision. Holds for a function's
// duration and is restored whatever happens.
import { attempt } from '../call.ts'
import { codeOf } from '../dtype.ts'
import { ArgumentError, refusePromise } from '../errors.ts'
import { native } from '../native.ts'
import type { DType } from '../types.ts'

/** Options of {@link autocast}. */
export interface AutocastOptions {
  /** Default 'bfloat16' on the CPU, which has no other; 'float16' on CUDA, PyTorch's default. */
  dtype?: 'bfloat16' | 'float16'
  /** False switches an enclosing autocast off for the duration of `work`. Default true. */
  enabled?: boolean
}

let depth = 0

const OFF: AutocastOptions = { enabled: false }
const active: Record<'cpu' | 'cuda', AutocastOptions> = { cpu: OFF, cuda: OFF }

/** Remembers the autocast of now: what is returned runs work under it, whenever it is called. */
export function bindAutocast(): <T>(work: () => T) => T {
  const { cpu, cuda } = active
  return work => autocast('cpu', () => autocast('cuda', work, cuda), cpu)
}

/**
 * Runs `work` with matrix products and convolutions in half precision on `device`, and operators
 * that need the range (losses, sums, powers) in float32, as PyTorch's `torch.autocast`. Parameters
 * and their gradients stay float32: each is cast once in the outermost autocast. Calls nest. Call
 * backward outside of it; float16 needs a GradScaler.
 *
 * @throws ArgumentError for a dtype that the device's autocast does not have, and when `work`
 *   returns a promise.
 * @example const loss = autocast('cpu', () => nn.functional.crossEntropy(model(x), y))
 */
export function autocast<T>(
  device: 'cpu' | 'cuda',
  work: () => T,
  options: AutocastOptions = {},
): T {
  const { dtype = device === 'cpu' ? 'bfloat16' : 'float16', enabled = true } = options
  checkDtype(device, dtype)
  const [before, code] = attempt('autocast', [device, dtype], () =>
    native.setAutocast(device, enabled, codeOf(dtype)),
  )
  depth++
  const outer = active[device]
  active[device] = { dtype, enabled }
  try {
    const result = work()
    refusePromise(result, 'work')
    return result
  } finally {
    active[device] = outer
    native.setAutocast(device, before, code)
    // The casts of parameters are kept between the operators of one pass, never beyond it.
    if (--depth === 0) native.clearAutocastCache()
  }
}

function checkDtype(device: string, dtype: DType): void {
  if (dtype === 'bfloat16' || (dtype === 'float16' && device !== 'cpu')) return
  const known = device === 'cpu' ? "'bfloat16'" : "'bfloat16' or 'float16'"
  throw new ArgumentError(
    `Expected ${known} for \`dtype\` of autocast on '${device}' but received ${JSON.stringify(dtype)}.`,
  )
}
