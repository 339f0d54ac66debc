// HTML text in which every value is escaped unless it is HTML already. The only way the report
// makes markup: a record cannot smuggle any in.
import { escapeText } from '../escape.ts'

/** A piece of HTML. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What can stand in a template; null leaves nothing. */
export type HtmlValue = string | number | null | Html | readonly HtmlValue[]

/** A template literal of HTML. */
export function html(strings: TemplateStringsArray, ...values: HtmlValue[]): Html {
  const pieces = strings.flatMap((text, index) =>
    index < values.length ? [text, embed(values[index]!)] : text,
  )
  return new Html(pieces.join(''))
}

function embed(value: HtmlValue): string {
  if (value === null) return ''
  if (value instanceof Html) return value.text
  if (typeof value === 'object') return value.map(embed).join('')
  return escapeText(String(value))
}
