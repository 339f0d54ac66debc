// The charts of a sweep whose truth is known: `sweep` in testing.ts.
import {
  analyzeFactors,
  heatMapOf,
  type Sensitivity,
  sensitivities,
  stepsToScore,
} from '@normfree/runs'
import { describe, expect, it } from 'vitest'
import { heatMapPlot, heatMapSize, heatRange } from './heat-map-plot.ts'
import { importancePlot, importanceSize } from './importance-plot.ts'
import { axisName, levelText } from './level-axis.ts'
import { points } from './numbers.ts'
import { parallelPlot } from './parallel-plot.ts'
import { sensitivityPlot, stepsPlot } from './sensitivity-plot.ts'
import { renderSvg } from './svg.ts'
import { roundNumbers, snapshotFile, sweep, symbolsOf, textsOf } from './testing.ts'

const runs = sweep()
const map = heatMapOf(runs)!
const [final] = analyzeFactors(runs)
const wide = { width: 880, height: 400 }
const half = { width: 520, height: 340 }
const drawSensitivity = (sensitivity: Sensitivity) => renderSvg(sensitivityPlot(sensitivity), half)

describe('sensitivityPlot', () => {
  const [batch, clip] = sensitivities(runs)
  const svg = drawSensitivity(batch!)

  it('looks as it did', async () => {
    await expect(roundNumbers(svg)).toMatchFileSnapshot(snapshotFile('sensitivity-plot.svg'))
  })

  it('puts the batch sizes at even distances, each under its number, and names both axes', () => {
    const texts = textsOf(svg)
    const places = ['32', '64', '128', '256', '512'].map(
      label => texts.find(({ text }) => text === label)!.x,
    )
    const steps = places.slice(1).map((place, index) => place - places[index]!)
    for (const step of steps) expect(step).toBeCloseTo(steps[0]!, 1)
    expect(texts.map(({ text }) => text)).toEqual(
      expect.arrayContaining(['batchSize (images, log scale)', 'Test accuracy against batchSize']),
    )
  })

  it('draws every mean that there is at its height', () => {
    const heightOf = (label: string) => textsOf(svg).find(({ text }) => text === label)!.y
    const slope = (0.8 - 0.7) / (heightOf('70%') - heightOf('80%'))
    const means = batch!.lines.flatMap(line =>
      line.points.flatMap(({ score }) => score?.mean ?? []),
    )
    const drawn = symbolsOf(svg).map(({ y }) => 0.7 + (heightOf('70%') - y) * slope)
    expect(drawn).toHaveLength(19)
    for (const [index, mean] of means.entries()) expect(drawn[index]).toBeCloseTo(mean, 3)
  })

  it('crosses the places where a run diverged, in the colour of its line', () => {
    // Factor 0.64 diverges once at batch 256 and always at 512, factor 0.16 once at 512.
    const strokes = [...svg.matchAll(/fill="#000" stroke="([^"]+)" stroke-width="2"/g)]
    const [orange, green, pink] = ['#d55e00', '#009e73', '#cc79a7'].map(
      stroke => strokes.filter(match => match[1] === stroke).length / 2,
    )
    expect([orange, green, pink]).toEqual([0, 1, 2])
  })

  it('draws the other factor too, and no band of one seed', () => {
    expect(drawSensitivity(clip!)).toContain('fill-opacity="0.16"')
    const [single] = sensitivities(runs.filter(run => run.header.seed === 0))
    expect(drawSensitivity(single!)).not.toContain('fill-opacity="0.16"')
  })
})

describe('stepsPlot', () => {
  it('looks as it did', async () => {
    const svg = renderSvg(stepsPlot(stepsToScore(runs)!), half)
    await expect(roundNumbers(svg)).toMatchFileSnapshot(snapshotFile('steps-plot.svg'))
    expect(textsOf(svg).map(({ text }) => text)).toContain('Steps to 65% test accuracy (log scale)')
  })
})

describe('heatMapPlot', () => {
  const svg = renderSvg(heatMapPlot(map, map.panels[0]!), heatMapSize(map))
  const texts = textsOf(svg)

  it('looks as it did', async () => {
    await expect(roundNumbers(svg)).toMatchFileSnapshot(snapshotFile('heat-map-plot.svg'))
  })

  it('writes the mean and the deviation of every cell into it', () => {
    for (const { score } of map.panels[0]!.cells) {
      if (score) expect(svg).toContain(`>${points(score.mean)}<`)
    }
    expect(svg.match(/>± /g)).toHaveLength(17)
  })

  it('has its own sign where all runs diverged, and says how many completed where some did', () => {
    expect(svg.match(/>diverged</g)).toHaveLength(1)
    expect(svg.match(/>2 of 3 ✕</g)).toHaveLength(2)
  })

  it('gives the best cell the lightest colour and the worst the darkest, with text to be read on it', () => {
    const [low, high] = heatRange(map)!
    const inkOf = (text: string) =>
      new RegExp(`fill="(#\\w+)"[^>]*>${text}<`).exec(svg)?.[1] ??
      new RegExp(`style="[^"]*fill:(#\\w+)[^"]*"[^>]*>${text}<`).exec(svg)?.[1]
    expect(inkOf(points(high))).toBe('#1c2024')
    expect(inkOf(points(low))).toBe('#ffffff')
    expect(svg.match(/#fde725/g)).toHaveLength(1)
  })

  it('names both axes', () => {
    expect(texts.map(({ text }) => text)).toContain('batchSize (images)')
    expect(svg).toContain('>clip.factor<')
  })
})

describe('importancePlot', () => {
  it('looks as it did', async () => {
    const svg = renderSvg(importancePlot(final!), importanceSize(final!))
    await expect(roundNumbers(svg)).toMatchFileSnapshot(snapshotFile('importance-plot.svg'))
    const [batch] = final!.factors
    expect(svg).toContain(`>${batch!.pearson!.toFixed(2)}<`)
    expect(svg).toContain('>batchSize<')
  })

  it('says where a figure is withheld or does not exist', () => {
    const factors = final!.factors.map(factor => ({ ...factor, importance: null, pearson: null }))
    const svg = renderSvg(importancePlot({ ...final!, factors }), importanceSize(final!))
    expect(svg.match(/>withheld</g)).toHaveLength(2)
    expect(svg.match(/>no order</g)).toHaveLength(2)
  })
})

describe('parallelPlot', () => {
  const svg = renderSvg(parallelPlot(runs, ['batchSize', 'clip.factor']), wide)

  it('looks as it did', async () => {
    await expect(roundNumbers(svg)).toMatchFileSnapshot(snapshotFile('parallel-plot.svg'))
  })

  it('has an axis for each factor and one for the score, and a line for each run', () => {
    const names = ['batchSize', '(images, log scale)', 'clip.factor', 'test accuracy', '(%)']
    for (const name of names) expect(svg).toContain(`>${name}<`)
    expect(svg.match(/opacity="0.75"/g)).toHaveLength(60)
  })

  it('tells thirds of the scores, and runs that diverged', () => {
    for (const name of ['lowest third', 'middle third', 'highest third', 'diverged'])
      expect(svg).toContain(`>${name}<`)
  })
})

describe('axisName and levelText', () => {
  it('name units, logarithms, and what is not set', () => {
    expect(axisName('batchSize', 'log')).toBe('batchSize (images, log scale)')
    expect(axisName('alpha')).toBe('alpha')
    expect([levelText(0.04), levelText(null), levelText('agc'), levelText(true)]).toEqual([
      '0.04',
      'not set',
      'agc',
      'true',
    ])
  })
})
