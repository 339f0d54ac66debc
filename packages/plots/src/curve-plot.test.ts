import { describe, expect, it } from 'vitest'
import { curvePlot } from './curve-plot.ts'
import { renderSvg } from './svg.ts'
import { comparison, roundNumbers, runOf, snapshotFile, symbolsOf, textsOf } from './testing.ts'

const size = { width: 520, height: 360 }
const draw = (...parameters: Parameters<typeof curvePlot>) =>
  renderSvg(curvePlot(...parameters), size)

describe('curvePlot', () => {
  it('looks as it did', async () => {
    const svg = draw(comparison(), 'testAccuracy')
    await expect(roundNumbers(svg)).toMatchFileSnapshot(snapshotFile('curve-plot.svg'))
  })

  it('draws the mean of the seeds at its height on the axis', () => {
    const runs = [0.6, 0.8].map((accuracy, seed) =>
      runOf({ name: 'batch norm', model: 'resnet20', accuracy, seed }),
    )
    const svg = draw(runs, 'testAccuracy')
    const heightOf = (label: string) => textsOf(svg).find(({ text }) => text === label)!.y
    const slope = (0.6 - 0.2) / (heightOf('20%') - heightOf('60%'))
    const last = symbolsOf(svg).at(-1)!
    const mean = (runs[0]!.epochs.at(-1)!.testAccuracy + runs[1]!.epochs.at(-1)!.testAccuracy) / 2
    expect(0.2 + (heightOf('20%') - last.y) * slope).toBeCloseTo(mean, 3)
  })

  it('draws a band for several seeds and none for one', () => {
    const runs = [0.6, 0.8].map((accuracy, seed) =>
      runOf({ name: 'batch norm', model: 'resnet20', accuracy, seed }),
    )
    expect(draw(runs, 'testAccuracy')).toContain('fill-opacity="0.16"')
    expect(draw(runs.slice(0, 1), 'testAccuracy')).not.toContain('fill-opacity="0.16"')
  })

  it('draws a run that diverged as far as it went', () => {
    const run = runOf({
      name: 'no norm',
      model: 'resnet20_nonorm',
      accuracy: 0.5,
      divergesAfter: 4,
    })
    run.epochs[3]!.trainLoss = Number.NaN
    expect(symbolsOf(draw([run], 'trainLoss'))).toHaveLength(3)
  })

  it('draws runs without an epoch as an empty chart', () => {
    const run = { ...runOf({ name: 'a', model: 'resnet20', accuracy: 0.5 }), epochs: [] }
    expect(draw([run], 'trainLoss')).toContain('Training loss')
  })

  it('gives each variant the colour of its place', () => {
    const [batchNorm] = comparison()
    expect(draw([batchNorm!], 'trainLoss')).toContain('#0072b2')
    expect(draw([batchNorm!], 'trainLoss')).not.toContain('#d55e00')
  })
})
