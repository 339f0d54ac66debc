// Ctrl-C while something is trained: the first asks the work to end by itself, so that the run is
// marked as interrupted and nothing is half-written; the second ends the process at once.
import type { Context } from './context.ts'
import { InterruptedError } from './errors.ts'

/**
 * Does work that SIGINT and SIGTERM abort.
 *
 * @throws InterruptedError when the work fails because it was aborted
 */
export async function untilInterrupted<T>(
  context: Context,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const { signal } = controller
  const interrupt = () => {
    if (signal.aborted) process.exit(130)
    context.note('normfree: stopping after this step (again to stop at once)')
    controller.abort()
  }
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  try {
    return await work(signal)
  } catch (error) {
    throw signal.aborted && error === signal.reason ? new InterruptedError('interrupted') : error
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}
