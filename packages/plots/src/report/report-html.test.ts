import { analyzeFactors, type RunRecord, summarize } from '@normfree/runs'
import { describe, expect, it } from 'vitest'
import { percentSpread } from '../numbers.ts'
import { comparison, comparisonOfSeed, runOf, sweep } from '../testing.ts'
import { reportHtml } from './report-html.ts'

const command = 'normfree ablate recipes/demo.yaml'
const report = (runs: RunRecord[]) => reportHtml({ title: 'Demo', command, runs })
const page = report(comparison()) // drawing it takes a while

describe('reportHtml', () => {
  it('needs nothing from outside itself', () => {
    expect(page.match(/https?:|\bsrc=|\bhref=|@import|<script|<link|<iframe/i)).toBeNull()
    expect(page.match(/url\([^)]*\)/g)!.every(url => url.startsWith('url(#'))).toBe(true)
  })

  it('is the same for the same runs', () => {
    expect(report(comparison()) === page).toBe(true)
  })

  it('escapes everything that comes from records', () => {
    const evil = '<img src=x onerror=alert(1)>"\''
    const run = runOf({ name: evil, model: evil, accuracy: 0.5, config: { note: evil } })
    run.header.environment = { [evil]: evil }
    run.header.plan = run.header.id = evil
    run.end = { kind: 'end', status: 'diverged', message: evil, seconds: 1 }
    const page = reportHtml({ title: evil, plan: evil, command: evil, runs: [run] })
    expect(page.indexOf('<img')).toBe(-1)
    expect(page.split('&lt;img').length).toBeGreaterThan(8)
  })

  it('shows for each variant what the summary says', () => {
    for (const variant of summarize(comparison())) {
      expect(page).toContain(variant.name)
      expect(page).toContain(percentSpread(variant.testAccuracy))
    }
    expect(page).toContain('2 completed, 1 diverged')
    expect(page).toContain('loss is NaN at step 1567')
  })

  it('draws two curves and the signal before and after training', () => {
    const labels = [...page.matchAll(/<figure aria-label="([^"]+)"/g)].map(match => match[1])
    expect(labels).toHaveLength(4)
    expect(page.match(/<svg role="img"/g)).toHaveLength(4)
    expect(page).toContain('The lines of no norm and no norm + AGC 0.01 coincide.')
  })

  it('has unique ids', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(match => match[1])
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('lists the settings that differ and no others', () => {
    const page = report(comparisonOfSeed(0))
    const table = page.slice(
      page.indexOf('The settings in which'),
      page.indexOf('Full configuration'),
    )
    expect(table).toContain('<code>optimizer.lr</code>')
    expect(table).toContain('<code>clip.factor</code>')
    expect(table).not.toContain('batchSize')
  })

  it('says how to repeat it, with the plan where it is given', () => {
    expect(page).toContain(`<pre><code>${command}</code></pre>`)
    expect(page).not.toContain('The plan')
    const plan = 'name: demo'
    expect(reportHtml({ title: 'Demo', plan, command, runs: comparison() })).toContain(plan)
  })

  it('follows the preference for dark pages, and is light on paper', () => {
    expect(page).toContain('@media screen and (prefers-color-scheme: dark)')
    expect(page).toContain('--plot-paper: #ffffff')
    expect(page).toContain('--plot-paper: #16181c')
  })

  it('tells of runs without epochs and signals instead of failing', () => {
    const run = runOf({ name: 'a', model: 'resnet20', accuracy: 0.5 })
    const page = report([{ ...run, epochs: [], signals: [], end: null }])
    expect(page).toContain('No epoch was finished.')
    expect(page).toContain('No signal was measured.')
    expect(page).toContain('1 of 1 unfinished')
  })

  describe('of a sweep', () => {
    const page = report(sweep())
    const section = page.slice(
      page.indexOf('What the score depends on'),
      page.indexOf('Learning curves'),
    )

    it('shows importance, sensitivity, a heat map, steps to a score, and every run', () => {
      const labels = [...section.matchAll(/<figure aria-label="([^"]+)"/g)].map(match => match[1])
      expect(labels).toEqual([
        'Importance and correlation of each setting',
        'Test accuracy against batchSize',
        'Test accuracy against clip.factor',
        'Test accuracy over batchSize and clip.factor',
        'Steps to 65% against batch size',
        'Every run: settings and test accuracy',
      ])
    })

    it('gives each importance and correlation as a number', () => {
      const [final] = analyzeFactors(sweep())
      for (const { key, pearson, spearman } of final!.factors) {
        expect(section).toContain(`<code>${key}</code>`)
        expect(section).toContain(`>${pearson!.toFixed(2)}</td>`)
        expect(section).toContain(`>${spearman!.toFixed(2)}</td>`)
      }
    })

    it('has unique ids and needs nothing from outside', () => {
      const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(match => match[1])
      expect(new Set(ids).size).toBe(ids.length)
      expect(page.match(/https?:|\bsrc=|\bhref=|@import|<script|<link|<iframe/i)).toBeNull()
    })

    it('draws seven learning curves, from the best to the worst, and says so', () => {
      expect(page).toContain('Of 20 variants these are 7')
    })
  })

  it('shows nothing of it where runs are no sweep', () => {
    expect(page).not.toContain('What the score depends on')
  })

  it('compares with the first variant, or with the one that is named', () => {
    expect(page).toContain('Difference: test accuracy less that of batch norm, in points')
    const other = reportHtml({ title: 'Demo', command, runs: comparison(), baseline: 'no norm' })
    expect(other).toContain('less that of no norm, in points')
    expect(other).toContain('+6.06 <small>[+0.62, +11.49]</small> <small>(two seeds)</small>')
  })
})
