// torch.autograd's anomaly detection: which forward call made the backward that fails.
import { refusePromise } from './errors.ts'
import { native } from './native.ts'
import { setTracing, tracing } from './tracing.ts'

/** Options of {@link detectAnomaly} and {@link setDetectAnomaly}. */
export interface AnomalyOptions {
  /** Also fail when a backward gives NaN. Default true. */
  checkNan?: boolean
}

let checksNan = true

/**
 * Switches anomaly detection on or off. While it is on, every call notes where it came from, and a
 * backward pass that fails (or whose gradients become NaN) says so: file, line and the calls around
 * it, of the forward call that belongs to the failing step. Slow: for finding a mistake. What was
 * recorded before it was switched on cannot be traced. LibTorch has one switch for all threads.
 */
export function setDetectAnomaly(mode: boolean, { checkNan = true }: AnomalyOptions = {}): void {
  native.setAnomaly(mode, checkNan)
  setTracing(mode)
  checksNan = checkNan
}

/**
 * Runs `work`, forward and backward, with anomaly detection; see setDetectAnomaly. Synchronous.
 *
 * @throws TorchError from backward, naming the forward call.
 * @example detectAnomaly(() => loss(model(x)).backward())
 */
export function detectAnomaly<T>(work: () => T, options: AnomalyOptions = {}): T {
  const [mode, checkNan] = [tracing, checksNan]
  setDetectAnomaly(true, options)
  try {
    const result = work()
    refusePromise(result, 'work')
    return result
  } finally {
    setDetectAnomaly(mode, { checkNan })
  }
}
