// Colours of the synthetic set, chosen in OKLCH so that lightness contrast is what the eye sees.

/** Red, green, blue in 0..255, not rounded. */
export type Rgb = readonly [number, number, number]

const toSrgb = (linear: number): number => {
  const c = Math.min(Math.max(linear, 0), 1)
  return 255 * (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055)
}

/**
 * OKLCH to sRGB, clipped to the gamut. Matrices: Björn Ottosson, "A perceptual color space for image
 * processing" (2020).
 *
 * @param lightness - 0 (black) to 1 (white)
 * @param chroma - 0 (grey) to about 0.3
 * @param hue - radians
 */
export function oklch(lightness: number, chroma: number, hue: number): Rgb {
  const a = chroma * Math.cos(hue)
  const b = chroma * Math.sin(hue)
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  return [
    toSrgb(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    toSrgb(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    toSrgb(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ]
}
