// Names of classes, from a text file.
import { readFile } from 'node:fs/promises'
import { DataError } from '../data/errors.ts'

/**
 * A name a line, the first of class 0.
 *
 * @throws DataError when there is no such file, or when it has another number of lines than `classes`
 */
export async function readLabels(path: string, classes: number): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(cause => {
    throw new DataError(
      `Expected a text file with a class name a line for \`labels\` but received ${path} (${cause.code ?? cause.message}).`,
      { cause },
    )
  })
  const lines = text.split('\n').map(line => line.trim())
  while (lines.at(-1) === '') lines.pop()
  if (lines.length === classes) return lines
  throw new DataError(
    `Expected ${classes} class names, a line each, for \`labels\` but received ${lines.length} (${path}).`,
  )
}
