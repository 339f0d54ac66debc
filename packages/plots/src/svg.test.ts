import { describe, expect, it } from 'vitest'
import { signalPlot } from './signal-plot.ts'
import { renderSvg } from './svg.ts'
import { signalOf } from './testing.ts'

const size = { width: 800, height: 760 }
const option = () => signalPlot([signalOf('nf_resnet20')])

describe('renderSvg', () => {
  it('gives the same text for the same chart, however many were drawn before', () => {
    expect(renderSvg(option(), size)).toBe(renderSvg(option(), size))
  })

  it('puts colours into a file, and leaves variables to a page', () => {
    const variable = /var\(--plot-/
    expect(renderSvg(option(), size)).not.toMatch(variable)
    expect(renderSvg(option(), { ...size, theme: 'dark' })).toContain('fill="#16181c"')
    expect(renderSvg(option(), { ...size, theme: 'page' })).toMatch(variable)
  })

  it('names clip paths after the id, so that two charts share a page', () => {
    const svg = renderSvg(option(), { ...size, id: 'first' })
    const used = [...svg.matchAll(/url\(#([^)]+)\)/g)].map(match => match[1]!)
    expect(used.length).toBeGreaterThan(0)
    for (const id of used) {
      expect(id).toMatch(/^first-/)
      expect(svg).toContain(`id="${id}"`)
    }
  })

  it('says what it shows to those who cannot see it', () => {
    expect(renderSvg(option(), size)).toMatch(
      /^<svg role="img" .*>\n<title>Average channel squared/,
    )
  })

  it('escapes the names it writes', () => {
    const svg = renderSvg(signalPlot([signalOf('<script>&"')]), size)
    expect(svg).toContain('&lt;script&gt;&amp;&quot;')
    expect(svg).not.toContain('<script>')
  })

  it('carries no style sheet and no hooks for interaction', () => {
    expect(renderSvg(option(), size)).not.toMatch(/<style|class=|ecmeta/)
  })
})
