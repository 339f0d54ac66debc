import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseStrictJson, type StrictJson, StrictJsonError } from './strict-json.ts'

/** As JSON.parse would have it, `__proto__` included. */
function plain(value: StrictJson): unknown {
  if (value instanceof Map)
    return Object.fromEntries(Array.from(value, ([key, item]) => [key, plain(item)]))
  return Array.isArray(value) ? value.map(plain) : value
}

describe('parseStrictJson', () => {
  it('reads whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), value => {
        const text = JSON.stringify(value)
        expect(plain(parseStrictJson(text, 10))).toEqual(JSON.parse(text))
      }),
    )
  })

  it('keeps keys in the order of the text, numeric ones and __proto__ too', () => {
    const value = parseStrictJson('{"b":1,"10":2,"__proto__":3,"2":4}', 1)
    expect([...(value as ReadonlyMap<string, StrictJson>).keys()]).toEqual([
      'b',
      '10',
      '__proto__',
      '2',
    ])
  })

  it.each([
    ['{"a":1,"a":2}', /no second "a"/],
    ['[[1]]', /at most 1 levels at character 1/],
    ['[1,]', /a value/],
    ['[1 2]', /']'/],
    ['{"a" 1}', /':'/],
    ['{a:1}', /a string/],
    ['01', /nothing after/],
    ['+1', /a value/],
    ['NaN', /a value/],
    ['"a\nb"', /a string/],
    ['"\\x41"', /a string/],
    ['', /a value/],
    ['{} {}', /nothing after/],
    [`${'['.repeat(1e5)}`, /at most 1 levels/],
  ])('refuses %j', (text, message) => {
    expect(() => parseStrictJson(text, 1)).toThrow(StrictJsonError)
    expect(() => parseStrictJson(text, 1)).toThrow(message)
  })
})
