// The key of a variant's colour, the same beside its name everywhere on the page.
import { seriesColor } from '../colors.ts'
import { type Html, html } from './html.ts'

/** A short bar in the colour of the `index`-th variant. */
export function swatch(index: number): Html {
  return html`<span class="swatch" style="background: ${seriesColor(index)}"></span>`
}
