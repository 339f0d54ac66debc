import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folderForTests } from '../folder.test.util.ts'
import { ConfigError } from './errors.ts'
import { at, placeOf, toPlain } from './sourced.ts'
import { parseYaml, readYaml } from './yaml.ts'

const messageOf = (text: string) => {
  try {
    parseYaml(text, 'p.yaml')
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as ConfigError).message
  }
  return 'no error'
}

describe('parseYaml', () => {
  it('gives every key the line and column where it stands', () => {
    const source = parseYaml('a:\n  b: 1\n  c: [2, 3]\n', 'p.yaml')
    expect(at(source, ['a', 'b'])).toEqual({ place: 'p.yaml:2:3', value: 1 })
    expect(placeOf(source, ['a', 'c', 1])).toBe('p.yaml:3:10')
    expect(placeOf(source, ['a', 'missing'])).toBe('p.yaml:1:1')
  })

  it('reads numbers, not-a-number and words as YAML 1.2 does', () => {
    const plain = toPlain(parseYaml('[1e-3, 0x10, .nan, no, ~]', 'p.yaml'))
    expect(plain).toEqual([0.001, 16, Number.NaN, 'no', null])
  })

  it('expands aliases', () => {
    expect(toPlain(parseYaml('[&a {x: 1}, *a]', 'p.yaml'))).toEqual([{ x: 1 }, { x: 1 }])
  })

  it('points at the second of two equal keys', () => {
    expect(messageOf('a: 1\nb: 2\na: 3\n')).toBe(
      'p.yaml:3:1: this key is given twice in the same mapping. Keep one of them.',
    )
  })

  it('points at a syntax error', () => {
    expect(messageOf('a: 1\nb: [1, 2\nc: 3\n')).toMatch(/^p\.yaml:3:1: flow sequence/)
  })

  it('refuses custom tags, second documents, collections as keys', () => {
    expect(messageOf('a: !!js/function x')).toMatch(/^p\.yaml:1:4: unresolved tag/)
    expect(messageOf('a: 1\n---\nb: 2\n')).toMatch(/second one starts here/)
    expect(messageOf('? [a]\n: 1\n')).toMatch(/^p\.yaml:1:3: expected a name as key/)
  })

  it('stops at an alias bomb', () => {
    const doubled = Array.from({ length: 30 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`)
    expect(messageOf(['a0: &a0 [x]', ...doubled].join('\n'))).toMatch(
      /expected at most 20000 values after aliases/,
    )
  })

  it('stops at aliases that contain themselves', () => {
    expect(messageOf('a: &a [*a]')).toMatch(/at most 50 levels of nesting/)
  })

  it('stops at deep nesting, with one line', () => {
    expect(messageOf('['.repeat(60))).toMatch(/^p\.yaml/)
    expect(messageOf('['.repeat(100_000))).toBe('p.yaml:1:1: expected at most 50 levels of nesting')
    expect(messageOf(`a: ${'['.repeat(60)}${']'.repeat(60)}`)).toMatch(/at most 50 levels/)
  })

  it('keeps a __proto__ key as an ordinary key', () => {
    const plain = toPlain(parseYaml('__proto__: {polluted: 1}', 'p.yaml'))
    expect(Object.keys(plain as object)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })
})

describe('readYaml', () => {
  const folder = folderForTests()

  it('names a file that is not there', async () => {
    await expect(readYaml(join(folder, 'absent.yaml'))).rejects.toThrow(
      /absent\.yaml: expected a file that can be read \(ENOENT/,
    )
  })

  it('reads no more than 1 MiB', async () => {
    const file = join(folder, 'huge.yaml')
    writeFileSync(file, '#'.repeat((1 << 20) + 1))
    await expect(readYaml(file)).rejects.toThrow('huge.yaml: expected a file of at most 1 MiB')
  })
})
