// Modules as text, exactly as PyTorch 1.13 prints them: so that the two can be compared line by line.

/**
 * A module's class, what it says of itself (`extraRepr`) and its sub-modules with their texts, one
 * a line and indented; on one line when there is one line only.
 */
export function treeText(name: string, extra: string, children: [string, string][]): string {
  const extraLines = extra === '' ? [] : extra.split('\n')
  const childLines = children.map(([child, text]) => `(${child}): ${text.replaceAll('\n', '\n  ')}`)
  if (childLines.length === 0 && extraLines.length <= 1) return `${name}(${extra})`
  return `${name}(\n  ${[...extraLines, ...childLines].join('\n  ')}\n)`
}

/** A number as Python writes a float: `1` -> `1.0`, `0.00001` -> `1e-05`. */
export function floatText(value: number): string {
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e16))
    return value.toExponential().replace(/(?<=e[+-])\d$/, '0$&')
  return Number.isInteger(value) ? `${value}.0` : String(value)
}

/** A number as it is, several as a Python tuple: `[3, 3]` -> `(3, 3)`, `[3]` -> `(3,)`. */
export function sizeText(size: number | readonly (number | null)[]): string {
  if (typeof size === 'number') return String(size)
  const items = size.map(item => (item === null ? 'None' : String(item)))
  return items.length === 1 ? `(${items[0]},)` : `(${items.join(', ')})`
}

export const boolText = (value: boolean): string => (value ? 'True' : 'False')
