// How wide a text will be, where no browser can tell.

const FIRST_WIDE = '\u2e80' // Chinese, Japanese and Korean characters fill a square

/** Pixels, for a wide font such as DejaVu Sans, so that others fit as well. */
export function textWidth(text: string, fontSize: number): number {
  const widths = [...text].map(character => (character < FIRST_WIDE ? 0.62 : 1))
  return fontSize * widths.reduce((sum, width) => sum + width, 0)
}
