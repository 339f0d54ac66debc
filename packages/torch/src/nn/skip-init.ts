// Models whose weights are never looked at: what is large stays memory that nobody has touched.

let skipping = false

/** Whether initialisers are to leave their tensors as they are. */
export const isSkippingInit = (): boolean => skipping

/**
 * Runs `work` with random initialisation off, as torch.nn.utils.skip_init makes one module: the
 * weights of modules built in it hold whatever the memory held (uniform, normal and truncated normal
 * initialisers do nothing). For models whose weights are loaded next, or of which only names and
 * shapes are wanted: memory is given when it is first written, so that these cost next to nothing.
 *
 * @example const model = nn.utils.skipInit(() => new nn.Linear(4096, 4096))
 */
export function skipInit<T>(work: () => T): T {
  const before = skipping
  skipping = true
  try {
    return work()
  } finally {
    skipping = before
  }
}
