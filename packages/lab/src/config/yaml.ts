// YAML text to values with places. YAML 1.2 core schema, one document, no custom tags. The text may
// come from a stranger: its size, depth and number of values are bounded before anything is built.
import { open } from 'node:fs/promises'
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import { ConfigError, type ConfigIssue } from './errors.ts'
import type { Sourced } from './sourced.ts'

const maxBytes = 1 << 20
const maxDepth = 50
const maxValues = 20_000

/**
 * Reads a recipe or plan file.
 *
 * @param file - path, also used as the place in messages
 * @throws {@link ConfigError} when the file cannot be read, is larger than 1 MiB or is not valid YAML
 */
export async function readYaml(file: string): Promise<Sourced> {
  return parseYaml(await readBounded(file), file)
}

/**
 * Parses YAML text.
 *
 * @param name - the name of the text in places (`name:line:column`)
 * @throws {@link ConfigError} with every syntax error, or with the bound that the text exceeds
 */
export function parseYaml(text: string, name: string): Sourced {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${name}:${line}:${col}`
  }
  const problems = [...document.errors, ...document.warnings]
  if (problems.some(({ code }) => code === 'RESOURCE_EXHAUSTION')) throw tooDeep(place(0))
  if (problems.length > 0) {
    throw new ConfigError(
      problems.map(({ code, message, pos }) => ({
        place: place(pos[0]),
        key: '',
        message: plainer[code] ?? lowerFirst(firstLine(message)),
      })),
    )
  }
  return new Walker(document, place).walk(document.contents, place(0))
}

async function readBounded(file: string): Promise<string> {
  try {
    await using handle = await open(file)
    const buffer = Buffer.alloc(maxBytes + 1)
    let length = 0
    while (length <= maxBytes) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
      if (bytesRead === 0) return buffer.toString('utf8', 0, length)
      length += bytesRead
    }
  } catch (error) {
    throw issue(file, `expected a file that can be read (${(error as Error).message})`)
  }
  throw issue(file, 'expected a file of at most 1 MiB')
}

/** Builds the tree, counting values and depth: aliases can make a small text enormous. */
class Walker {
  private readonly document: Document
  private readonly place: (offset: number) => string
  private values = 0

  constructor(document: Document, place: (offset: number) => string) {
    this.document = document
    this.place = place
  }

  walk(node: unknown, place: string, depth = 0): Sourced {
    if (++this.values > maxValues) {
      throw issue(place, `expected at most ${maxValues} values after aliases are expanded`)
    }
    if (depth > maxDepth) throw tooDeep(place)
    if (isAlias(node)) return this.walk(node.resolve(this.document), place, depth + 1)
    if (isMap(node)) return { place, value: this.entries(node.items, place, depth) }
    if (isSeq(node)) {
      return {
        place,
        value: node.items.map(item => this.walk(item, this.at(item, place), depth + 1)),
      }
    }
    return { place, value: isScalar(node) ? this.scalar(node.value, place) : null }
  }

  private entries(items: { key: unknown; value: unknown }[], place: string, depth: number) {
    return new Map(
      items.map(({ key, value }) => {
        const keyPlace = this.at(key, place)
        if (!isScalar(key))
          throw issue(keyPlace, 'expected a name as key but received a collection')
        return [String(key.value), this.walk(value, keyPlace, depth + 1)] as const
      }),
    )
  }

  private scalar(value: unknown, place: string): Sourced['value'] {
    if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) {
      return value as string | number | boolean | null
    }
    throw issue(
      place,
      `expected text, a number, true, false or null but received a ${typeof value}`,
    )
  }

  private at(node: unknown, otherwise: string): string {
    const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : null
    return range ? this.place(range[0]) : otherwise
  }
}

const plainer: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'this key is given twice in the same mapping. Keep one of them.',
  MULTIPLE_DOCS: 'expected one YAML document but a second one starts here. Remove the `---`.',
}

const issue = (place: string, message: string) =>
  new ConfigError([{ place, key: '', message } satisfies ConfigIssue])

const tooDeep = (place: string) => issue(place, `expected at most ${maxDepth} levels of nesting`)

const firstLine = (text: string) => text.split('\n', 1)[0]!

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1)
