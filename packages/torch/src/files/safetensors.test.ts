import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { from, tensor } from '../create.ts'
import { ArgumentError, SafetensorsError } from '../errors.ts'
import { zeros } from '../generated/functions.ts'
import { liveTensors, tidy } from '../memory.ts'
import type { Tensor } from '../tensor.ts'
import { numbers, temporaryFolder } from '../testing.test.util.ts'
import type { DType } from '../types.ts'
import {
  loadSafetensors,
  openSafetensors,
  readSafetensorsMetadata,
  saveSafetensors,
} from './safetensors.ts'

const DTYPES: DType[] = [
  'float64',
  'float32',
  'float16',
  'bfloat16',
  'int64',
  'int32',
  'int16',
  'int8',
  'uint8',
  'bool',
]

const fileIn = (folder: string) => join(folder, 'x.safetensors')

/** A file with this header and `dataBytes` zeros. */
function craft(folder: string, header: string | Uint8Array, dataBytes: number, length?: bigint) {
  const text = Buffer.from(header)
  const first = Buffer.alloc(8)
  first.writeBigUInt64LE(length ?? BigInt(text.length))
  writeFileSync(fileIn(folder), Buffer.concat([first, text, Buffer.alloc(dataBytes)]))
  return fileIn(folder)
}

const entry = (dtype: string, shape: unknown, offsets: unknown) =>
  JSON.stringify({ dtype, shape, data_offsets: offsets })

const arbitraryTensors = fc
  .uniqueArray(
    fc.record({
      name: fc
        .oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'constructor', '0', ''))
        .filter(name => name !== '__metadata__'),
      dtype: fc.constantFrom(...DTYPES),
      shape: fc.array(fc.nat(3), { maxLength: 3 }),
      seed: fc.nat(100),
    }),
    { selector: item => item.name, maxLength: 6 },
  )
  .map(items => items.map(item => ({ ...item, values: valuesOf(item.shape, item.seed) })))

const valuesOf = (shape: number[], seed: number) =>
  Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (seed + i * 7) % 2)

describe('saveSafetensors and loadSafetensors', () => {
  it('give back names, order, dtypes, shapes and values, at once or one by one', () => {
    const path = fileIn(temporaryFolder())
    fc.assert(
      fc.property(arbitraryTensors, items =>
        tidy(() => {
          const make = (item: (typeof items)[number]) =>
            from(Float64Array.from(item.values), item.shape).to(item.dtype)
          saveSafetensors(path, new Map(items.map(item => [item.name, make(item)])))
          const read = loadSafetensors(path)
          expect([...read.keys()]).toEqual(items.map(item => item.name))
          for (const item of items) {
            const got = read.get(item.name) as Tensor
            expect([got.dtype, got.shape]).toEqual([item.dtype, item.shape])
            expect(numbers(got)).toEqual(item.values)
          }
          using file = openSafetensors(path)
          for (const { name, values } of items.toReversed())
            expect(numbers(file.get(name))).toEqual(values)
        }),
      ),
    )
  })

  it.each(['float16', 'bfloat16'] as const)(
    'keep the bits of %s, NaN and infinities too',
    dtype => {
      const path = fileIn(temporaryFolder())
      const values = [1.5, -0, Number.POSITIVE_INFINITY, Number.NaN, Math.PI, 1e-7]
      const original = tensor(values, { dtype })
      saveSafetensors(path, new Map([['x', original]]))
      expect(numbers(loadSafetensors(path).get('x') as Tensor)).toEqual(numbers(original))
    },
  )

  it('write row-major data whatever the memory format, and views as what they show', () => {
    const path = fileIn(temporaryFolder())
    const image = from(
      Float32Array.from({ length: 24 }, (_, i) => i),
      [1, 2, 3, 4],
    )
    const tensors = new Map([
      ['channels last', image.to({ memoryFormat: 'channels_last' })],
      ['transposed', image.transpose(2, 3)],
    ])
    saveSafetensors(path, tensors)
    const read = loadSafetensors(path)
    for (const [name, original] of tensors)
      expect(read.get(name)?.toArray()).toEqual(original.toArray())
  })

  it('align every tensor to its element size', () => {
    const path = fileIn(temporaryFolder())
    saveSafetensors(
      path,
      new Map([
        ['a', zeros([3], { dtype: 'bool' })],
        ['b', zeros([3], { dtype: 'float64' })],
        ['c', zeros([3], { dtype: 'int16' })],
      ]),
    )
    const bytes = readFileSync(path)
    const length = Number(bytes.readBigUInt64LE())
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + length))
    expect(length % 8).toBe(0)
    expect(Object.keys(header)).toEqual(['a', 'b', 'c'])
    expect(header.b.data_offsets).toEqual([0, 24])
    expect(header.c.data_offsets).toEqual([24, 30])
  })

  it('carry metadata, which can be read alone', () => {
    const path = fileIn(temporaryFolder())
    saveSafetensors(path, new Map([['x', zeros([2])]]), { model: 'nf_resnet20', note: '"é"' })
    expect([...readSafetensorsMetadata(path)]).toEqual([
      ['model', 'nf_resnet20'],
      ['note', '"é"'],
    ])
    expect([...loadSafetensors(path).keys()]).toEqual(['x'])
  })

  it('keep no tensor alive beyond those that load returns', () => {
    const path = fileIn(temporaryFolder())
    tidy(() => saveSafetensors(path, new Map([['x', zeros([2], { dtype: 'bfloat16' })]])))
    const before = liveTensors().tensors
    const read = loadSafetensors(path)
    expect(liveTensors().tensors - before).toBe(1)
    read.get('x')?.dispose()
  })

  it('leave the old file and no draft when writing fails', () => {
    const folder = temporaryFolder()
    const path = fileIn(folder)
    saveSafetensors(path, new Map([['x', tensor([1, 2])]]))
    const gone = tensor([1])
    const broken = new Map([['y', gone]])
    gone.detach = () => {
      throw new ArgumentError('disk full, say')
    }
    expect(() => saveSafetensors(path, broken)).toThrow('disk full, say')
    expect(readdirSync(folder)).toEqual(['x.safetensors'])
    expect(numbers(loadSafetensors(path).get('x') as Tensor)).toEqual([1, 2])
  })

  it('refuse what the format cannot hold, before any file is touched', () => {
    const path = fileIn(temporaryFolder())
    const complex = zeros([2], { dtype: 'complex64' })
    expect(() => saveSafetensors(path, new Map([['z', complex]]))).toThrow(
      /"z" but received complex64\. Save viewAsReal/,
    )
    expect(() => saveSafetensors(path, new Map([['__metadata__', zeros([1])]]))).toThrow(/reserves/)
    expect(existsSync(path)).toBe(false)
  })
})

describe('openSafetensors', () => {
  const saved = (folder: string) => {
    const path = fileIn(folder)
    const tensors = DTYPES.map(dtype => [dtype, tensor([0, 1, 1]).to(dtype)] as const)
    saveSafetensors(path, new Map([...tensors, ['none', zeros([0, 2])], ['one', tensor(3)]]), {
      epoch: '3',
    })
    return path
  }

  it('gives every tensor that loadSafetensors gives, and what is known without reading', () => {
    const path = saved(temporaryFolder())
    const loaded = loadSafetensors(path)
    using file = openSafetensors(path)
    expect(file.names).toEqual([...loaded.keys()])
    expect([...file.metadata]).toEqual([['epoch', '3']])
    for (const [name, wanted] of loaded) {
      expect(file.has(name)).toBe(true)
      expect(file.info(name)).toEqual({ dtype: wanted.dtype, shape: wanted.shape })
      const got = file.get(name)
      expect([got.dtype, got.shape, got.toArray()]).toEqual([
        wanted.dtype,
        wanted.shape,
        wanted.toArray(),
      ])
    }
  })

  it('keeps writes from the file, and tensors beyond its end', () => {
    const path = saved(temporaryFolder())
    const before = readFileSync(path)
    const file = openSafetensors(path)
    const x = file.get('float32')
    file.close()
    file.close()
    x.add_(1)
    expect(numbers(x)).toEqual([1, 2, 2])
    expect(readFileSync(path)).toEqual(before)
    expect(() => file.get('float32')).toThrow(/an open file for get\("float32"\)/)
  })

  it('takes no memory for a file of 2 GB, but for what is read of it', () => {
    const path = fileIn(temporaryFolder())
    const bytes = 2 ** 31
    const header = `{"a":${entry('U8', [bytes], [0, bytes])},"b":${entry('F32', [2], [bytes, bytes + 8])}}`
    const text = Buffer.from(header.padEnd(Math.ceil(header.length / 8) * 8))
    const first = Buffer.alloc(8)
    first.writeBigUInt64LE(BigInt(text.length))
    writeFileSync(path, Buffer.concat([first, text]))
    // Without blocks of its own: a hole.
    truncateSync(path, 8 + text.length + bytes + 8)
    const peak = process.resourceUsage().maxRSS
    using file = openSafetensors(path)
    expect(numbers(file.get('b'))).toEqual([0, 0])
    expect(file.get('a').shape).toEqual([bytes])
    expect(numbers(file.get('a').narrow(0, bytes / 2, 4))).toEqual([0, 0, 0, 0])
    expect(process.resourceUsage().maxRSS - peak).toBeLessThan(64 * 1024)
    expect(liveTensors().bytes).toBeLessThan(1e6)
  })

  it('copies a tensor that is not aligned to its elements', () => {
    const path = craft(temporaryFolder(), `{"a":${entry('F64', [1], [0, 8])}}`, 8)
    expect((readFileSync(path).length - 8) % 8).not.toBe(0)
    using file = openSafetensors(path)
    expect(numbers(file.get('a'))).toEqual([0])
  })

  it('refuses as loadSafetensors does: the header at once, a wrong bool when it is got', () => {
    const folder = temporaryFolder()
    const path = craft(folder, `{"a":${entry('BOOL', [1], [0, 1])}}`, 1)
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.subarray(0, -1))
    expect(() => openSafetensors(path)).toThrow(/data_offsets within 0 bytes/)
    bytes[bytes.length - 1] = 2
    writeFileSync(path, bytes)
    using file = openSafetensors(path)
    expect(() => file.get('a')).toThrow(SafetensorsError)
    expect(() => file.get('a')).toThrow(/bytes 0 and 1 for bool tensor "a"/)
    expect(() => file.get('b')).toThrow(/one of the 1 tensors but received "b"/)
    writeFileSync(fileIn(folder), '')
    expect(() => openSafetensors(path)).toThrow(/a file of 0 bytes/)
  })

  it('leaves nothing behind once closed, or refused', () => {
    const path = saved(temporaryFolder())
    const before = liveTensors().tensors
    tidy(() => {
      using file = openSafetensors(path)
      file.get('int64')
    })
    expect(liveTensors().tensors).toBe(before)
    writeFileSync(path, readFileSync(path).subarray(0, -1))
    expect(() => openSafetensors(path)).toThrow(SafetensorsError)
    expect(liveTensors().tensors).toBe(before)
  })

  it('outlives the scope it was opened in', () => {
    const path = saved(temporaryFolder())
    using file = tidy(() => openSafetensors(path))
    expect(numbers(file.get('int8'))).toEqual([0, 1, 1])
  })
})

describe('loadSafetensors of a file that is not right', () => {
  const f32 = (offsets: unknown, shape: unknown = [2]) => entry('F32', shape, offsets)
  it.each<[string, string | Uint8Array, number, RegExp]>([
    ['a header that is no object', '[1]', 0, /an object as header but received \[1\]/],
    ['a header that is no JSON', '{"a":', 0, /a header in JSON/],
    ['a header that is no UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d), 0, /a header in JSON/],
    ['a name twice', `{"a":${f32([0, 8])},"a":${f32([0, 8])}}`, 8, /no second "a"/],
    ['deep nesting', `{"a":${'['.repeat(9)}${']'.repeat(9)}}`, 0, /at most 3 levels/],
    ['an entry that is no object', '{"__proto__":1}', 0, /an object for tensor "__proto__"/],
    ['an unknown field', '{"a":{"dtype":"F32","__proto__":{}}}', 0, /also "__proto__"/],
    ['an unknown dtype', `{"a":${entry('U64', [1], [0, 8])}}`, 8, /a dtype of F64,.* "U64"/],
    ['a dtype of the prototype', `{"a":${entry('toString', [1], [0, 8])}}`, 8, /a dtype of/],
    ['no shape', '{"a":{"dtype":"F32","data_offsets":[0,0]}}', 0, /a shape of .* nothing/],
    ['a fraction in the shape', `{"a":${f32([0, 8], [0.5, 4])}}`, 8, /whole numbers/],
    ['a negative size', `{"a":${f32([0, 8], [-1, -2])}}`, 8, /whole numbers/],
    ['a size beyond 2^53', `{"a":${f32([0, 8], [1e300])}}`, 8, /whole numbers/],
    ['a product beyond 2^53', `{"a":${f32([0, 0], [2 ** 40, 2 ** 40, 0])}}`, 0, /fewer elements/],
    ['too many dimensions', `{"a":${f32([0, 4], Array(65).fill(1))}}`, 4, /at most 64/],
    ['too few bytes', `{"a":${f32([0, 4])}}`, 4, /8 bytes \(\[2\] of float32\).* received 4/],
    ['offsets beyond the end', `{"a":${f32([0, 8])}}`, 7, /within 7 bytes.* 0 to 8/],
    ['offsets backwards', `{"a":${f32([8, 0])}}`, 8, /within 8 bytes/],
    ['three offsets', `{"a":${f32([0, 4, 8])}}`, 8, /two data_offsets/],
    ['an overlap', `{"a":${f32([0, 8])},"b":${f32([4, 12])}}`, 12, /it overlaps another/],
    ['a hole', `{"a":${f32([0, 8])},"b":${f32([9, 17])}}`, 17, /a hole before it/],
    ['bytes after the last', `{"a":${f32([0, 8])}}`, 9, /fill 9 bytes but received 8/],
    ['metadata of numbers', '{"__metadata__":{"a":1}}', 0, /strings in __metadata__.*1 for "a"/],
    ['metadata that is a list', '{"__metadata__":[]}', 0, /an object for __metadata__/],
  ])('refuses %s', (_, header, dataBytes, message) => {
    const path = craft(temporaryFolder(), header, dataBytes)
    expect(() => loadSafetensors(path)).toThrow(SafetensorsError)
    expect(() => loadSafetensors(path)).toThrow(message)
    expect(() => loadSafetensors(path)).toThrow(path)
  })

  it('refuses a header longer than the file, however long it says', () => {
    const folder = temporaryFolder()
    for (const length of [3n, 1n << 40n, (1n << 64n) - 1n])
      expect(() => loadSafetensors(craft(folder, '{}', 0, length))).toThrow(
        `at most 2 bytes but received one of ${length}`,
      )
  })

  it('refuses a bool that is neither 0 nor 1', () => {
    const folder = temporaryFolder()
    const path = craft(folder, `{"a":${entry('BOOL', [2], [0, 2])}}`, 2)
    const bytes = readFileSync(path)
    bytes[bytes.length - 1] = 2
    writeFileSync(path, bytes)
    expect(() => loadSafetensors(path)).toThrow(/bytes 0 and 1 for bool tensor "a"/)
  })

  it('refuses what is missing, empty, or no file', () => {
    const folder = temporaryFolder()
    expect(() => loadSafetensors(fileIn(folder))).toThrow(/can be read but received ENOENT/)
    writeFileSync(fileIn(folder), 'abc')
    expect(() => loadSafetensors(fileIn(folder))).toThrow(/a file of 3 bytes/)
    mkdirSync(join(folder, 'sub'))
    expect(() => loadSafetensors(join(folder, 'sub'))).toThrow(/a regular file/)
  })

  it('accepts a tensor named __proto__ and touches no prototype', () => {
    const path = craft(temporaryFolder(), `{"__proto__":${f32([0, 8])}}`, 8)
    expect([...loadSafetensors(path).keys()]).toEqual(['__proto__'])
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it('ends in a clear error or a right map for 2,000 mutations, and leaks nothing', () => {
    const path = fileIn(temporaryFolder())
    tidy(() =>
      saveSafetensors(
        path,
        new Map([
          ['weight', zeros([2, 3])],
          ['flag', zeros([4], { dtype: 'bool' })],
          ['count', zeros([], { dtype: 'int64' })],
        ]),
        { epoch: '3' },
      ),
    )
    const whole = readFileSync(path)
    const before = liveTensors().tensors
    let refused = 0
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat(whole.length)),
        (edits, cut) => {
          const bytes = Buffer.from(whole)
          for (const [at, value] of edits) bytes[at] = value
          writeFileSync(path, bytes.subarray(0, cut ?? bytes.length))
          try {
            for (const read of loadSafetensors(path).values()) read.dispose()
          } catch (error) {
            expect(error).toBeInstanceOf(SafetensorsError)
            refused++
          }
        },
      ),
      { numRuns: 2000 },
    )
    expect(refused).toBeGreaterThan(500)
    expect(liveTensors().tensors).toBe(before)
  })
})
