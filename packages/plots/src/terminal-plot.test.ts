import { describe, expect, it } from 'vitest'
import { terminalSignalPlot } from './terminal-plot.ts'
import { signalOf, snapshotFile } from './testing.ts'

const signals = [signalOf('resnet20'), signalOf('nf_resnet20')]
const wide = { width: 120, height: 16, color: false }
const ESCAPE = '\u001b'

describe('terminalSignalPlot', () => {
  it('looks as it did', async () => {
    const text = `${terminalSignalPlot(signals, wide)}\n`
    await expect(text).toMatchFileSnapshot(snapshotFile('terminal-plot.txt'))
  })

  it('puts the largest value in the top row and the smallest in the bottom one', () => {
    const text = terminalSignalPlot([signalOf('resnet20')], { width: 60, height: 12, color: false })
    const panel = text.split('\n').slice(1, 11) // of the squared mean, without title and axis
    expect(panel[0]).toContain('0.74┤')
    expect(panel[0]).toContain('A') // the ends of the stages are the highest
    expect(panel.at(-1)).toContain('0┤')
    expect(panel.findIndex(row => row.includes('a'))).toBeGreaterThan(1)
  })

  it('stays within the width, beside and below each other', () => {
    for (const width of [60, 80, 120]) {
      const lines = terminalSignalPlot(signals, { ...wide, width })
        .split('\n')
        .slice(0, -1)
      expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(width)
    }
  })

  it('uses no escape sequence without colour, and one colour a model with it', () => {
    expect(terminalSignalPlot(signals, wide)).not.toContain(ESCAPE)
    const colored = terminalSignalPlot(signals, { ...wide, color: true })
    expect(colored).toContain(`${ESCAPE}[38;5;32m━━${ESCAPE}[39m resnet20`)
    expect(colored).toContain(`${ESCAPE}[38;5;166m━━${ESCAPE}[39m nf_resnet20`)
  })

  it('draws what is finite of a signal that overflows', () => {
    const signal = signalOf('resnet20_nonorm')
    signal.taps.at(-1)!.channelVariance = Number.NaN
    const text = terminalSignalPlot([signal], wide)
    expect(text).not.toMatch(/NaN|Infinity/)
    expect(text).toContain('a resnet20_nonorm, not finite from block 9 (stages.2.2) on')
  })
})
