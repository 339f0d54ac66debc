import { describe, expect, it } from 'vitest'
import { color, declareColors, seriesColor, substituteColors } from './colors.ts'

// Relative luminance and contrast by WCAG 2.2.
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map(at => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light! + 0.05) / (dark! + 0.05)
}

describe('substituteColors', () => {
  it('leaves no variable and does not touch what is not one', () => {
    const text = `${color('ink')} ${seriesColor(8)} var(--other)`
    expect(substituteColors(text, 'light')).toBe('#1c2024 #d55e00 var(--other)')
  })
})

describe('declareColors', () => {
  it('declares the same variables for light and dark', () => {
    const names = (theme: 'light' | 'dark') => declareColors(theme).match(/--plot-[a-z0-9-]+/g)
    expect(names('dark')).toEqual(names('light'))
  })
})

describe.each(['light', 'dark'] as const)('the %s palette', theme => {
  const paper = substituteColors(color('paper'), theme)

  it('writes text with a contrast of at least 4.5', () => {
    for (const role of ['ink', 'muted'] as const) {
      expect(contrast(substituteColors(color(role), theme), paper)).toBeGreaterThan(4.5)
    }
  })

  it('draws seven different series that stand out from the paper', () => {
    const series = [0, 1, 2, 3, 4, 5, 6].map(index => substituteColors(seriesColor(index), theme))
    expect(new Set(series).size).toBe(7)
    for (const hex of series) expect(contrast(hex, paper)).toBeGreaterThan(2)
  })
})
