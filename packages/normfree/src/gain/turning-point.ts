// Whether a function rises and falls again, found by looking: the papers' authors warn of activations
// that do.
import type { Sample } from './quadrature.ts'

const REACH = 8
const STEP = 1 / 64
const XS = Float64Array.from({ length: (2 * REACH) / STEP + 1 }, (_, i) => i * STEP - REACH)

/**
 * Near which x of [-8, 8], where all of N(0, 1) lies but 1e-15, a function first turns: from rising to
 * falling or the other way. Null where it does not. Turns of less than 1e-9 of its range do not
 * count.
 */
export function turningPoint(sample: Sample): number | null {
  const ys = Array.from(sample(XS))
  const least = 1e-9 * (Math.max(...ys) - Math.min(...ys))
  let direction = 0
  let farthest = 0
  for (const [i, y] of ys.entries()) {
    const change = y - ys[farthest]
    if (direction !== 0 && -direction * change > least) return XS[farthest]
    if (direction === 0 && Math.abs(change) > least) direction = Math.sign(change)
    if (direction * change > 0) farthest = i
  }
  return null
}
