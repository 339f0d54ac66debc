// Sizes of windows: one number for all directions, or one a direction.

/** One number, or [length]. */
export type Size1d = number | readonly [number]

/** One number for both directions, or [vertical, horizontal]. */
export type Size2d = number | readonly [number, number]

export const single = (size: Size1d): [number] => (typeof size === 'number' ? [size] : [...size])

export const pair = (size: Size2d): [number, number] =>
  typeof size === 'number' ? [size, size] : [...size]
