// A chart option to a PNG image. Node only: it loads a native module and reads a font from the disk.
// The rest of this package runs in a browser and must not import it.
import { createRequire } from 'node:module'
import { Resvg } from '@resvg/resvg-js'
import type { EChartsCoreOption } from 'echarts/core'
import { renderSvg } from './svg.ts'

/** What {@link renderPng} needs beside the chart. */
export interface PngOptions {
  /** CSS pixels. */
  width: number
  /** CSS pixels. */
  height: number
  /** Default `light`. */
  theme?: 'light' | 'dark'
  /** Image pixels for each CSS pixel. Default 2. */
  scale?: number
}

/** Draws a chart option as a PNG file's content, with a font that is the same on every machine. */
export function renderPng(option: EChartsCoreOption, options: PngOptions): Uint8Array {
  const { scale = 2, ...size } = options
  const image = new Resvg(renderSvg(option, size), {
    fitTo: { mode: 'zoom', value: scale },
    // Without a font resvg leaves all text out and says nothing.
    font: { loadSystemFonts: false, fontFiles, defaultFontFamily: 'DejaVu Sans' },
  })
  return image.render().asPng()
}

const require = createRequire(import.meta.url)
const fontFiles = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map(file =>
  require.resolve(`dejavu-fonts-ttf/ttf/${file}`),
)
