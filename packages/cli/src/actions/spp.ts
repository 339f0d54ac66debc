// `normfree spp`: signal propagation plots, in the terminal and in files.
import { writeFileSync } from 'node:fs'
import { renderSvg, signalPlot, terminalSignalPlot } from '@normfree/plots'
import { renderPng } from '@normfree/plots/png'
import type { SignalRecord } from '@normfree/runs'
import { checkModelOptions, initialSignal } from 'normfree'
import type { SppFlags } from '../commands/spp.ts'
import type { Context } from '../context.ts'
import { modelOptionsOf } from '../flags.ts'
import { configureEngine } from './engine.ts'

/** The size that the plot is laid out for, in pixels. */
const imageSize = { width: 800, height: 760 }

export default async function spp(
  this: Context,
  flags: SppFlags,
  ...names: string[]
): Promise<void> {
  configureEngine({ ...flags, seed: flags.seed ?? 0 })
  const { draws, batch, resolution } = flags
  const modelOptions = modelOptionsOf(flags.option)
  for (const name of names) checkModelOptions(name, modelOptions)
  const options = {
    ...modelOptions,
    ...{ draws, batch },
    ...(resolution !== undefined && { resolution }),
  }
  const signals = names.map(name => initialSignal(name, options))
  const files = drawFiles(signals, flags, names)
  if (flags.json) this.printJson({ signals, files })
  else {
    const size = { width: Math.min(this.columns, 120), height: 16, color: this.color }
    this.print(terminalSignalPlot(signals, size))
    for (const file of files) this.print(`drawn: ${file}`)
  }
}

/** Draws the files that were asked for and returns their names. */
function drawFiles(signals: SignalRecord[], { svg, png }: SppFlags, names: string[]): string[] {
  const draw = (file: string | undefined, ending: string, render: () => string | Uint8Array) => {
    if (file === undefined) return []
    const path = file || `spp-${names.join('-')}${ending}`
    writeFileSync(path, render())
    return [path]
  }
  const option = signalPlot(signals)
  return [
    ...draw(svg, '.svg', () => renderSvg(option, imageSize)),
    ...draw(png, '.png', () => renderPng(option, imageSize)),
  ]
}
