// `normfree spp`: signal propagation plots, in the terminal and in files.
import { writeFileSync } from 'node:fs'
import { type SignalRequest, signalOf } from '@normfree/lab'
import { renderSvg, signalPlot, signalPlotSize, terminalSignalPlot } from '@normfree/plots'
import { renderPng } from '@normfree/plots/png'
import type { SignalRecord } from '@normfree/runs'
import type { SppFlags } from '../commands/spp.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import { configureEngine } from './engine.ts'

export default async function spp(
  this: Context,
  flags: SppFlags,
  ...names: string[]
): Promise<void> {
  const { module, weights, data, draws, batch, resolution, statistics, blocks } = flags
  const models: SignalRequest[] = [
    ...names.map(model => ({ model })),
    ...(module === undefined ? [] : [{ module }]),
  ]
  checkModels(models, weights)
  configureEngine({ ...flags, seed: flags.seed ?? 0 })
  const options = { weights, data, draws, batch, resolution, statistics, blocks }
  const signals: SignalRecord[] = []
  for (const model of models) signals.push(await signalOf({ ...model, ...options }))
  const files = drawFiles(signals, flags)
  if (flags.json) this.printJson({ signals, files })
  else {
    const size = { width: Math.min(this.columns, 120), height: 16, color: this.color }
    this.print(terminalSignalPlot(signals, size))
    for (const { model, note } of signals) if (note) this.note(`${model}: ${note}`)
    for (const file of files) this.print(`drawn: ${file}`)
  }
}

function checkModels(models: readonly SignalRequest[], weights: string | undefined): void {
  if (models.length === 0)
    throw new UsageError('Expected MODEL or `--module FILE` but received neither. See `--help`.')
  if (weights !== undefined && models.length > 1)
    throw new UsageError(
      `Expected one model for \`--weights\` but received ${models.length}. Plot them one after the other.`,
    )
}

/** Draws the files that were asked for and returns their names. */
function drawFiles(signals: SignalRecord[], { svg, png }: SppFlags): string[] {
  const draw = (file: string | undefined, ending: string, render: () => string | Uint8Array) => {
    if (file === undefined) return []
    const path = file || `spp-${signals.map(({ model }) => model).join('-')}${ending}`
    writeFileSync(path, render())
    return [path]
  }
  const option = signalPlot(signals)
  const size = signalPlotSize(signals)
  return [
    ...draw(svg, '.svg', () => renderSvg(option, size)),
    ...draw(png, '.png', () => renderPng(option, size)),
  ]
}
