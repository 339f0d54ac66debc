import { describe, expect, it } from 'vitest'
import { BrailleGrid } from './braille.ts'

const plain = (text: string) => text

describe('BrailleGrid', () => {
  it('sets the dots a line passes', () => {
    const grid = new BrailleGrid(2, 1)
    grid.line([0, 0], [3, 3], 0)
    expect(grid.rows(plain)).toEqual(['⠑⢄'])
  })

  it('leaves out dots where there is a gap', () => {
    const grid = new BrailleGrid(2, 1)
    grid.line([0, 0], [3, 0], 0, 2)
    expect(grid.rows(plain)).toEqual(['⠁⠁'])
  })

  it('puts a mark in front of lines drawn before and after it', () => {
    const grid = new BrailleGrid(1, 1)
    grid.line([0, 0], [1, 0], 0)
    grid.mark([1, 0], 'A', 1)
    grid.line([0, 0], [1, 0], 2)
    expect(grid.rows((text, style) => `${text}${style}`)).toEqual(['A1'])
  })

  it('ignores what lies outside', () => {
    const grid = new BrailleGrid(1, 1)
    grid.line([5, 9], [6, 9], 0)
    grid.mark([9, 9], 'A', 0)
    expect(grid.rows(plain)).toEqual([' '])
  })
})
