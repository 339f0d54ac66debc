// The key of a variant's colour, the same beside its name everywhere on the page.
import { seriesColor } from '../colors.ts'
import { type Html, html } from './html.ts'

/** A short bar in the colour of the `index`-th variant of the charts; clear where it is in none (-1). */
export function swatch(index: number): Html {
  const fill = index < 0 ? 'transparent' : seriesColor(index)
  return html`<span class="swatch" style="background: ${fill}"></span>`
}
