// Reading typed fields out of parsed JSON, with errors that say where. It knows no record type.
import { RunRecordError } from './errors.ts'
import type { Json } from './types.ts'

/** A JSON object of a record file, with the place it came from. */
export class RecordSource {
  readonly #fields: { [key: string]: Json }
  readonly #where: string

  private constructor(fields: { [key: string]: Json }, where: string) {
    this.#fields = fields
    this.#where = where
  }

  /** @throws RunRecordError where `text` is no JSON object. */
  static parse(text: string, where: string): RecordSource {
    let value: Json
    try {
      value = JSON.parse(text)
    } catch (error) {
      throw new RunRecordError(
        `Expected JSON but received ${preview(text)} (${where}): ${(error as Error).message}. ` +
          'The record is damaged: delete the run folder and run it again.',
      )
    }
    if (isObject(value)) return new RecordSource(value, where)
    throw new RunRecordError(`Expected a JSON object but received ${preview(text)} (${where}).`)
  }

  has(name: string): boolean {
    return name in this.#fields
  }

  text(name: string): string {
    const value = this.#fields[name]
    return typeof value === 'string' ? value : this.fail(name, 'text')
  }

  optionalText(name: string): string | undefined {
    return this.has(name) ? this.text(name) : undefined
  }

  /** JSON has no NaN and no infinity: they are written as null and come back as NaN. */
  number(name: string): number {
    const value = this.#fields[name]
    if (value === null) return Number.NaN
    return typeof value === 'number' ? value : this.fail(name, 'a number')
  }

  optionalNumber(name: string): number | undefined {
    return this.has(name) ? this.number(name) : undefined
  }

  /** All fields, each as in `number`. */
  numbers(): Record<string, number> {
    const names = Object.keys(this.#fields)
    return Object.fromEntries(names.map(name => [name, this.number(name)]))
  }

  /** Two numbers, which may be null as in `number`. */
  pair(name: string): readonly [number, number] {
    const value = this.#fields[name]
    const isNumber = (each: Json) => each === null || typeof each === 'number'
    if (!Array.isArray(value) || value.length !== 2 || !value.every(isNumber))
      return this.fail(name, 'two numbers')
    const [low, high] = value.map(each => (each === null ? Number.NaN : Number(each)))
    return [low as number, high as number]
  }

  /** For fields in which null means "not applicable". */
  nullableNumber(name: string): number | null {
    return this.#fields[name] === null ? null : this.number(name)
  }

  flag(name: string): boolean {
    const value = this.#fields[name]
    return typeof value === 'boolean' ? value : this.fail(name, 'true or false')
  }

  oneOf<T extends string | number>(name: string, allowed: readonly T[], remedy?: string): T {
    const found = allowed.find(value => value === this.#fields[name])
    return found ?? this.fail(name, allowed.join(' or '), remedy)
  }

  object(name: string): RecordSource {
    return new RecordSource(this.json(name), `${this.#where}, ${name}`)
  }

  json(name: string): { [key: string]: Json } {
    const value = this.#fields[name]
    return isObject(value) ? value : this.fail(name, 'an object')
  }

  list<T>(name: string, read: (source: RecordSource) => T): T[] {
    const values = this.#fields[name]
    if (!Array.isArray(values)) return this.fail(name, 'a list')
    return values.map((value, index) => {
      const place = `${name}[${index}]`
      if (!isObject(value)) return this.fail(place, 'an object')
      return read(new RecordSource(value, `${this.#where}, ${place}`))
    })
  }

  private fail(name: string, expected: string, remedy?: string): never {
    const received = this.has(name) ? preview(JSON.stringify(this.#fields[name])) : 'nothing'
    const hint = remedy ?? 'The record is damaged: delete the run folder and run it again.'
    throw new RunRecordError(
      `Expected ${expected} for \`${name}\` but received ${received} (${this.#where}). ${hint}`,
    )
  }
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function preview(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
