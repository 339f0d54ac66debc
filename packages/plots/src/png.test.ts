import { describe, expect, it } from 'vitest'
import { renderPng } from './png.ts'
import { signalPlot } from './signal-plot.ts'
import { signalOf } from './testing.ts'

const size = { width: 400, height: 380 }

describe('renderPng', () => {
  it('gives a PNG of twice the size', () => {
    const png = Buffer.from(renderPng(signalPlot([signalOf('nf_resnet20')]), size))
    expect(png.subarray(1, 4).toString()).toBe('PNG')
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([800, 760])
  })

  it('writes the text: another model name is another image', () => {
    const named = (model: string) =>
      Buffer.from(renderPng(signalPlot([signalOf('nf_resnet20', { model })]), size))
    expect(named('one').equals(named('two'))).toBe(false)
    expect(named('one').equals(named('one'))).toBe(true)
  })
})
