import { describe, expect, it } from 'vitest'
import { textWidth } from './text-width.ts'

describe('textWidth', () => {
  it('is at least what DejaVu Sans takes for a name', () => {
    // Measured in Chromium with DejaVu Sans at 13 px.
    expect(textWidth('no norm + AGC 0.01', 13)).toBeGreaterThan(134.3)
  })

  it('gives a Chinese character a square, from which ECharts takes the height of a line', () => {
    expect(textWidth('国', 12)).toBe(12)
  })
})
