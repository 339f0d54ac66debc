import { describe, expect, it } from 'vitest'
import { signalPlot, signalPlotSize } from './signal-plot.ts'
import { renderSvg } from './svg.ts'
import { roundNumbers, signalOf, snapshotFile, symbolsOf, textsOf } from './testing.ts'

const size = { width: 800, height: 760 }
const draw = (...signals: ReturnType<typeof signalOf>[]) => renderSvg(signalPlot(signals), size)
const labelsOf = (svg: string) => textsOf(svg).map(({ text }) => text)

describe('signalPlot', () => {
  it('looks as it did', async () => {
    const svg = draw(signalOf('resnet20'), signalOf('nf_resnet20'))
    await expect(roundNumbers(svg)).toMatchFileSnapshot(snapshotFile('signal-plot.svg'))
  })

  it('puts the variance of each block at its height on the axis', () => {
    const signal = signalOf('resnet20')
    const svg = draw(signal)
    // Of the second panel: its axis labels lie left of the plot, its points right of them.
    const panel = textsOf(svg).find(({ text }) => text === 'Average channel variance')!
    const next = textsOf(svg).find(({ text }) => text.startsWith('Residual'))!
    const inside = ({ y }: { y: number }) => y > panel.y && y < next.y
    const heightOf = (label: string) =>
      textsOf(svg).find(text => text.x < 60 && inside(text) && text.text === label)!.y
    const unit = heightOf('0') - heightOf('1')
    const points = symbolsOf(svg).filter(point => inside(point))
    expect(points).toHaveLength(signal.taps.length)
    points.forEach((point, block) => {
      const value = (heightOf('0') - point.y) / unit
      expect(value).toBeCloseTo(signal.taps[block]!.channelVariance, 2)
    })
  })

  it('marks the ends of stages with larger dots in ink', () => {
    const ends = symbolsOf(draw(signalOf('nf_resnet20'))).filter(({ radius }) => radius > 3)
    expect(ends.map(({ fill }) => fill)).toEqual(Array(9).fill('#1c2024'))
  })

  it('draws and explains a dashed line only where a variance is predicted', () => {
    expect(labelsOf(draw(signalOf('nf_resnet20')))).toContain('predicted')
    expect(labelsOf(draw(signalOf('resnet20')))).not.toContain('predicted')
    expect(draw(signalOf('resnet20'))).not.toContain('stroke-dasharray')
  })

  it('draws what is expected of this input, and the plan beside it where that is another', () => {
    const dashesOf = (svg: string) =>
      [...svg.matchAll(/stroke-dasharray="([^"]*)"/g)].map(match => match[1])
    const expecting = (factor: number) => {
      const signal = signalOf('nf_resnet20')
      for (const tap of signal.taps) {
        tap.expected = { channelSquaredMean: 0.01, channelVariance: 1.04 * factor }
        if (tap.index > 0) tap.expected.residualVariance = 1
      }
      return draw(signal)
    }
    expect(labelsOf(expecting(1))).not.toContain('planned by the family')
    expect(dashesOf(expecting(1)).filter(dash => dash === '4,4')).toHaveLength(3)
    expect(dashesOf(expecting(1))).not.toContain('1,3')
    expect(labelsOf(expecting(0.5))).toContain('planned by the family')
    expect(dashesOf(expecting(0.5))).toContain('1,3')
  })

  it('turns logarithmic where a variance explodes, and stays linear elsewhere', () => {
    expect(signalPlot([signalOf('resnet20')])).toMatchObject({ yAxis: [{ type: 'value' }, {}, {}] })
    const exploding = signalPlot([signalOf('resnet20'), signalOf('resnet20_nonorm')])
    const logarithmic = { yAxis: [{ type: 'log' }, { type: 'log' }, { type: 'log' }] }
    expect(exploding).toMatchObject(logarithmic)
    const overflowing = signalOf('resnet20')
    overflowing.taps.at(-1)!.channelVariance = Number.POSITIVE_INFINITY
    expect(signalPlot([overflowing])).toMatchObject(logarithmic)
  })

  it('says where a signal stops being finite, and draws the rest', () => {
    const signal = signalOf('nf_resnet20')
    for (const tap of signal.taps.slice(4)) tap.channelVariance = Number.NaN
    const svg = draw(signal)
    expect(labelsOf(svg)).toContain('nf_resnet20, not finite from block 4 (stages.1.0) on')
    expect(svg).not.toContain('NaN')
  })

  it('draws a signal that is nowhere finite without failing', () => {
    const signal = signalOf('nf_resnet20')
    for (const tap of signal.taps) {
      tap.channelVariance = tap.channelSquaredMean = Number.NaN
      tap.residualVariance = tap.predictedVariance = null
    }
    const svg = draw(signal)
    expect(labelsOf(svg)).toContain('nf_resnet20, not finite from block 0 (stem) on')
    expect(svg.match(/NaN|Infinity/)).toBeNull()
  })

  it('keeps the colour of a name in the list of variants', () => {
    const variants = ['resnet20', 'nf_resnet20']
    const svg = renderSvg(signalPlot([signalOf('nf_resnet20')], { variants }), size)
    expect(svg).toContain('#d55e00')
    expect(svg).not.toContain('#0072b2')
  })

  it('leaves the legend to the page on request', () => {
    const svg = renderSvg(signalPlot([signalOf('nf_resnet20')], { legend: false }), size)
    expect(labelsOf(svg)).not.toContain('end of a stage')
  })

  it('has a panel for every further statistic, on a scale of its own, in a higher image', () => {
    const signal = signalOf('nf_resnet20')
    for (const tap of signal.taps.slice(1)) {
      tap.deadFraction = 0.1
      tap.conditionNumber = 10 ** tap.index
    }
    expect(signalPlotSize([signalOf('nf_resnet20')])).toEqual(size)
    expect(signalPlotSize([signal]).height).toBeGreaterThan(1100)
    expect(signalPlot([signal])).toMatchObject({
      title: {
        3: { text: expect.stringContaining('0 behind') },
        4: { text: expect.stringContaining('condition number') },
      },
      yAxis: [{ type: 'value' }, {}, {}, { type: 'value' }, { type: 'log' }],
    })
  })

  it('leaves out the branch, and counts layers, where there are no residual branches', () => {
    const signal = signalOf('resnet20')
    for (const tap of signal.taps) tap.residualVariance = null
    const labels = labelsOf(draw(signal))
    expect(labels).toContain('layer (0 is the input)')
    expect(labels.some(label => label.startsWith('Residual branch'))).toBe(false)
  })

  it('shades what the draws spread over, up to where it cannot be drawn', () => {
    const signal = signalOf('nf_resnet20')
    const shades = () => draw(signal).match(/fill-opacity="0.16"/g) ?? []
    expect(shades()).toHaveLength(0)
    const key = 1 // in the legend
    for (const tap of signal.taps) tap.bands = { channelVariance: [0.9, 1.3] }
    expect(shades()).toHaveLength(1 + key)
    signal.taps[4]!.bands = { channelVariance: [0.9, Number.NaN] }
    expect(shades()).toHaveLength(2 + key)
    expect(labelsOf(draw(signal))).toContain('range of the draws')
  })
})
