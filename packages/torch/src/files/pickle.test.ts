import { describe, expect, it } from 'vitest'
import { FileFormatError } from '../errors.ts'
import { unpickle } from './pickle.ts'
import { PickleFunction, type PickleValue, type PickleWorld } from './pickle-value.ts'

const world: PickleWorld = {
  globals: new Map<string, PickleValue>([
    ['a.f', new PickleFunction(([first = null]) => [first])],
    ['a.c', 'constant'],
  ]),
  persistent: id => ['persistent', id],
  refuse: (expected, received, cause) => new FileFormatError('x', expected, received, { cause }),
}

const read = (program: string, start = 0) => unpickle(Buffer.from(program, 'latin1'), start, world)
const resultOf = (program: string) => read(program).value

describe('unpickle', () => {
  it.each<[string, PickleValue]>([
    ['N.', null],
    ['\x88.', true],
    ['K\xff.', 255],
    ['M\x00\x01.', 256],
    ['J\xff\xff\xff\xff.', -1],
    ['\x8a\x00.', 0],
    ['\x8a\x01\x80.', -128],
    ['\x8a\x07\xff\xff\xff\xff\xff\xff\x1f.', 2 ** 53 - 1],
    ['\x8a\x07\x00\x00\x00\x00\x00\x00\x20.', 2n ** 53n],
    ['G\x3f\xf8\x00\x00\x00\x00\x00\x00.', 1.5],
    ['X\x03\x00\x00\x00\xe2\x98\x83.', '☃'],
    ['(K\x01K\x02t.', [1, 2]],
    ['K\x01K\x02K\x03\x87.', [1, 2, 3]],
    ['](K\x01K\x02e.', [1, 2]],
    [
      '}(K\x01NK\x02\x88u.',
      new Map<number, PickleValue>([
        [1, null],
        [2, true],
      ]),
    ],
    ['\x8f(K\x01K\x01\x90.', new Set([1])],
    ['ca\nc\n.', 'constant'],
    ['ca\nf\n(K\x05tR.', [5]],
    ['K\x07Q.', ['persistent', 7]],
    ['\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00K\x01\x94h\x00\x86.', [1, 1]],
  ])('reads %j', (program, value) => {
    expect(resultOf(program)).toEqual(value)
  })

  it('says where the next pickle begins', () => {
    expect(read('K\x01.K\x02.')).toEqual({ value: 1, end: 3 })
    expect(read('K\x01.K\x02.', 3)).toEqual({ value: 2, end: 6 })
  })

  it('shares what was remembered', () => {
    const [first, second] = resultOf(']q\x00h\x00\x86.') as PickleValue[]
    expect(second).toBe(first)
  })

  it.each([
    ['nothing at all', '', /1 bytes at 0/],
    ['no end', 'K\x01', /1 bytes at 2/],
    ['an empty stack', '.', /a value in the pickle but received none/],
    ['a pop below a mark', 'K\x01(.', /a value .* none/],
    ['no mark', 'K\x01t.', /a mark/],
    ['a name that is not allowed', 'cos\nsystem\n.', /refused: os\.system/],
    ['a name with quotes and newlines gone', 'cos\n"\x07\n.', /refused: os\.\\"\\u0007/],
    ['a call of no function', 'ca\nc\n)R.', /a name to call/],
    ['a module that is no text', 'K\x01K\x02\x93.', /a module and a name/],
    ['INST', '(ia\nf\n.', /called by REDUCE alone/],
    ['an opcode beyond plain data', 'K\x01\x81.', /an opcode .* 0x81 at byte 2/],
    ['a text of protocol 0', 'I1\n.', /0x49 at byte 0/],
    ['text longer than the file', 'X\xff\xff\xff\xffa.', /4294967295 bytes at 5/],
    ['text of 2^64 bytes', `\x8d${'\xff'.repeat(8)}.`, /bytes at 9/],
    ['text that is no UTF-8', 'U\x01\xff.', /text in UTF-8/],
    ['an integer of a megabyte', '\x8b\x00\x00\x10\x00.', /at most 1024 bytes/],
    ['what was never remembered', 'h\x05.', /remembered as 5/],
    ['append to a number', 'K\x01K\x02a.', /a list to append to .* a number/],
    ['append to a tuple', ')K\x01a.', /does not contain itself/],
    ['items of a list', ']K\x01K\x02s.', /a dict to set items of/],
    ['a key that is a list', '}]Ns.', /as keys .* a list/],
    ['a set of lists', '\x8f(]\x90.', /as keys/],
    ['an odd number of items', '}(K\x01u.', /pairs/],
    ['attributes of a list', ']}b.', /attributes of an ordered dict/],
    ['a list in itself', ']q\x00h\x00a.', /does not contain itself/],
    ['a list in a list in itself', ']q\x00]q\x01h\x00ah\x01a.', /does not contain itself/],
    ['a hundred and one levels', `${']'.repeat(102)}${'a'.repeat(101)}.`, /at most 100 levels/],
    ['a hundred and one tuples', `)${'\x85'.repeat(101)}.`, /at most 100 levels/],
  ])('refuses %s', (_, program, message) => {
    expect(() => resultOf(program)).toThrow(FileFormatError)
    expect(() => resultOf(program)).toThrow(message)
  })

  it('allows a hundred levels', () => {
    expect(() => resultOf(`)${'\x85'.repeat(100)}.`)).not.toThrow()
  })

  it('does no more work for shared arguments than the file is long', () => {
    // A list of 1,000 numbers, handed to a function a thousand times.
    const list = `](${'K\x01'.repeat(1000)}eq\x00`
    const program = `${list}ca\nf\nq\x01${'h\x01h\x00\x85R'.repeat(1000)}.`
    expect(() => resultOf(program)).toThrow(/arguments no longer than the file/)
  })
})
