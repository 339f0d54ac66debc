// Runs as one table for spreadsheets and statistics programs: RFC 4180, a header, a row a line of the
// record.
import type { EpochLine, RunRecord, StepLine } from './types.ts'

type Cell = string | number | undefined

/**
 * The step and epoch lines of all runs, each run in the order of its steps. The columns `run`, `name`,
 * `seed` and `kind` say whose line it is; the others have the names of the record, and are there where any
 * line has the field. Numbers are those of the record, a number that was not finite is NaN, and rows end
 * in CRLF.
 */
export function csvOf(runs: readonly RunRecord[]): string {
  const rows = runs.flatMap(rowsOf)
  const columns = [...new Set([...WHOSE, ...rows.flatMap(row => Object.keys(row))])]
  const lines = [columns, ...rows.map(row => columns.map(column => row[column]))]
  return lines.map(cells => `${cells.map(quoted).join(',')}\r\n`).join('')
}

const WHOSE = ['run', 'name', 'seed', 'kind', 'epoch', 'step']

function rowsOf({ header, steps, epochs }: RunRecord): Record<string, Cell>[] {
  const { id, name, seed } = header
  const lines: (StepLine | EpochLine)[] = [...steps, ...epochs]
  // The sort is stable: a step stands before the epoch that ends with it.
  lines.sort((a, b) => a.step - b.step)
  return lines.map(line => {
    const { kind, epoch, step, ...numbers } = line
    return { run: id, name, seed, kind, epoch, step, ...flat(numbers) }
  })
}

/** The fields of nested objects beside the others, as `testMetrics.rmse`. */
const flat = (fields: object): Record<string, Cell> =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]): [string, Cell][] =>
      typeof value === 'object' && value !== null
        ? Object.entries(flat(value)).map(([inner, cell]) => [`${name}.${inner}`, cell])
        : [[name, value as Cell]],
    ),
  )

function quoted(cell: Cell): string {
  const text = String(cell ?? '')
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
