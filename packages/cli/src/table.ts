// Tables for the terminal: no colours, so that they read the same in a file.
import Table from 'cli-table3'

/** A table; columns whose heading is in `right` are aligned to the right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly string[] = [],
): string {
  const result = new Table({
    head: [...head],
    colAligns: head.map(heading => (right.includes(heading) ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
  })
  result.push(...rows.map(row => [...row]))
  return result.toString()
}
