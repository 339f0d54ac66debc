import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { from, tensor } from '../create.ts'
import { FileFormatError } from '../errors.ts'
import { zeros } from '../generated/functions.ts'
import { tidy } from '../memory.ts'
import type { Tensor } from '../tensor.ts'
import { leaked, numbers, temporaryFolder } from '../testing.test.util.ts'
import type { DType } from '../types.ts'
import { FIXTURES } from './fuzz.test.util.ts'
import { loadNpy, loadNpz, saveNpy, saveNpz } from './npy.ts'
import { bytesOf, ELEMENT_BYTES } from './raw.ts'

const DTYPES = (Object.keys(ELEMENT_BYTES) as DType[]).filter(dtype => dtype !== 'bfloat16')

/** A .npy file with this header, version 1.0, and `dataBytes` zeros. */
function craft(header: string, dataBytes = 0): string {
  const path = join(temporaryFolder(), 'x.npy')
  const length = Buffer.alloc(2)
  length.writeUInt16LE(header.length)
  const magic = Buffer.from('\x93NUMPY\x01\x00', 'latin1')
  writeFileSync(path, Buffer.concat([magic, length, Buffer.from(header), Buffer.alloc(dataBytes)]))
  return path
}

const header = (descr: string, shape: string, order = 'False') =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }`

const arbitraryTensor = fc.record({
  dtype: fc.constantFrom(...DTYPES),
  shape: fc.array(fc.nat(3), { maxLength: 4 }),
  seed: fc.nat(100),
})

function make({ dtype, shape, seed }: { dtype: DType; shape: number[]; seed: number }): Tensor {
  const count = shape.reduce((a, b) => a * b, 1)
  const values = Float64Array.from({ length: count }, (_, i) => (seed + i * 7) % 11)
  return from(values, shape).to(dtype)
}

const same = (found: Tensor | undefined, wanted: Tensor): void => {
  expect([found?.dtype, found?.shape]).toEqual([wanted.dtype, wanted.shape])
  expect(Buffer.compare(bytesOf(found as Tensor), bytesOf(wanted))).toBe(0)
}

describe('saveNpy and loadNpy', () => {
  it('give back dtype, shape and every bit', () => {
    const path = join(temporaryFolder(), 'x.npy')
    fc.assert(
      fc.property(arbitraryTensor, item =>
        tidy(() => {
          const saved = make(item)
          saveNpy(path, saved)
          same(loadNpy(path), saved)
        }),
      ),
    )
  })

  it('begin the data at a multiple of 64 and write a transposed tensor row-major', () => {
    const path = join(temporaryFolder(), 'x.npy')
    saveNpy(
      path,
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]).t(),
    )
    const bytes = readFileSync(path)
    expect((10 + bytes.readUInt16LE(8)) % 64).toBe(0)
    expect(loadNpy(path).toArray()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ])
  })

  it('write byte for byte what NumPy writes', () => {
    const path = join(temporaryFolder(), 'x.npy')
    saveNpy(path, tensor(Float64Array.of(0, 1, 2)))
    expect(readFileSync(path)).toEqual(readFileSync(join(FIXTURES, 'version-1.npy')))
  })

  it('refuse bfloat16, which NumPy lacks, before any file is touched', () => {
    const path = join(temporaryFolder(), 'x.npy')
    const half = zeros([1], { dtype: 'bfloat16' })
    expect(() => saveNpy(path, half)).toThrow(/but received bfloat16\. Save \.to\('float32'\)/)
    expect(() => saveNpz(path, new Map([['h', half]]))).toThrow(/for "h" but received bfloat16/)
    expect(() => readFileSync(path)).toThrow(/ENOENT/)
  })

  it.each([1, 2, 3])('read version %i of the format', version => {
    expect(numbers(loadNpy(join(FIXTURES, `version-${version}.npy`)))).toEqual([0, 1, 2])
  })

  it('keep no tensor alive beyond the one that load returns', () => {
    const path = join(FIXTURES, 'version-1.npy')
    expect(leaked(() => tidy(() => void loadNpy(path)))).toBe(0)
    let read: Tensor | undefined
    const load = () => {
      read = loadNpy(path)
    }
    expect(leaked(load)).toBe(1)
    read?.dispose()
  })
})

describe('loadNpy of a file that is not right', () => {
  it.each([
    ['object', /received Python objects \(a pickle, which could run code\): dtype \|O/],
    ['record', /received a structured dtype/],
    ['text', /received strings: dtype <U1/],
    ['uint16', /received an unsigned type that LibTorch lacks: dtype <u2/],
    ['date', /received dates: dtype <M8\[s\]/],
  ])('refuses the array of NumPy that is %s by what it is', (name, message) => {
    const path = join(FIXTURES, `${name}.npy`)
    expect(() => loadNpy(path)).toThrow(FileFormatError)
    expect(() => loadNpy(path)).toThrow(message)
  })

  it.each([
    [
      'too few bytes',
      header("'<f4'", '(2,)'),
      7,
      /8 bytes of data \(\[2\] of float32\).*received 7/,
    ],
    ['bytes after the last', header("'<f4'", '(2,)'), 9, /received 9/],
    ['a size beyond 2^53', header("'<f4'", '(9999999999999999,)'), 0, /sizes below 2\^53/],
    ['a product beyond 2^53', header("'|b1'", '(9007199254740991, 2, 0)'), 0, /fewer elements/],
    ['a negative size', header("'<f4'", '(-2,)'), 8, /a header of descr/],
    ['a size that is no number', header("'<f4'", '(2, x)'), 8, /a header of descr/],
    ['one size without its comma', header("'<f4'", '(2)'), 8, /a header of descr/],
    ['too many dimensions', header("'<f4'", `(${'1, '.repeat(65)})`), 4, /at most 64 sizes/],
    ['an unknown dtype', header("'<f3'", '(1,)'), 3, /a float type that LibTorch lacks: dtype <f3/],
    ['no dtype at all', header("''", '(1,)'), 1, /numbers or booleans/],
    ['an order that is text', header("'<f4'", '(1,)', "'C'"), 4, /a header of descr/],
    ['a field twice', `${header("'<f4'", '(1,)').slice(0, -1)} 'descr': '<f4'}`, 4, /of descr/],
    ['a field missing', "{'descr': '<f4', 'shape': (1,), }", 4, /a header of descr/],
    ['an expression', "{'descr': exit(), 'fortran_order': False, 'shape': ()}", 4, /of descr/],
    ['text after the dict', `${header("'<f4'", '(1,)')} x`, 4, /a header of descr/],
  ])('refuses %s', (_, text, dataBytes, message) => {
    const path = craft(text, dataBytes)
    expect(() => loadNpy(path)).toThrow(FileFormatError)
    expect(() => loadNpy(path)).toThrow(message)
    expect(() => loadNpy(path)).toThrow(path)
  })

  it('refuses a header longer than the file, another magic and an unknown version', () => {
    const path = craft(header("'<f4'", '(1,)'), 4)
    const bytes = readFileSync(path)
    const tampered = (at: number, value: number) => {
      const copy = Buffer.from(bytes)
      copy[at] = value
      writeFileSync(path, copy)
      return () => loadNpy(path)
    }
    expect(tampered(9, 255)).toThrow(/a header of at most \d+ bytes but received one of/)
    expect(tampered(0, 0)).toThrow(/a \.npy file/)
    expect(tampered(6, 4)).toThrow(/version 1, 2 or 3 of \.npy but received 4/)
    writeFileSync(path, '')
    expect(() => loadNpy(path)).toThrow(/a \.npy file/)
  })

  it('refuses a bool that is neither 0 nor 1', () => {
    const path = craft(header("'|b1'", '(1,)'), 1)
    const bytes = readFileSync(path)
    bytes[bytes.length - 1] = 2
    writeFileSync(path, bytes)
    expect(() => loadNpy(path)).toThrow(/bytes 0 and 1 for bool tensor/)
  })
})

describe('saveNpz and loadNpz', () => {
  const arbitraryTensors = fc.uniqueArray(
    fc.record({ name: fc.string({ unit: 'binary', maxLength: 8 }), item: arbitraryTensor }),
    { selector: ({ name }) => name, maxLength: 5 },
  )

  it('give back names, order, dtypes, shapes and every bit, deflated or not', () => {
    const path = join(temporaryFolder(), 'x.npz')
    fc.assert(
      fc.property(arbitraryTensors, fc.boolean(), (items, compressed) =>
        tidy(() => {
          const saved = new Map(items.map(({ name, item }) => [name, make(item)]))
          saveNpz(path, saved, { compressed })
          const read = loadNpz(path)
          expect([...read.keys()]).toEqual([...saved.keys()])
          for (const [name, wanted] of saved) same(read.get(name), wanted)
        }),
      ),
    )
  })

  it('write the same bytes for the same tensors', () => {
    const path = join(temporaryFolder(), 'x.npz')
    const tensors = new Map([['x', zeros([100])]])
    const write = () => {
      saveNpz(path, tensors, { compressed: true })
      return readFileSync(path)
    }
    const first = write()
    expect(write()).toEqual(first)
    expect(first.length).toBeLessThan(400)
  })

  it.each(DTYPES)("read NumPy's own %s", dtype => {
    const read = loadNpz(join(FIXTURES, 'arrays.npz')).get(dtype) as Tensor
    same(
      read,
      tensor(Float64Array.of(0, 1, 2, 3, 4, 5))
        .reshape([2, 3])
        .to(dtype),
    )
  })

  it("read NumPy's big-endian, Fortran-ordered, scalar and empty arrays", () => {
    const read = loadNpz(join(FIXTURES, 'arrays.npz'))
    expect(read.get('big-endian')?.toArray()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ])
    expect(read.get('big-endian complex')?.viewAsReal().toArray()).toEqual([[1, 2]])
    const fortran = read.get('fortran') as Tensor
    expect(fortran.strides).toEqual([1, 2, 6])
    expect(numbers(fortran)).toEqual(Array.from({ length: 24 }, (_, i) => i))
    expect(read.get('scalar')?.shape).toEqual([])
    expect(read.get('scalar')?.item()).toBe(2.5)
    expect(read.get('empty')?.shape).toEqual([0, 3])
  })

  it("read NumPy's deflated arrays", () => {
    const read = loadNpz(join(FIXTURES, 'deflated.npz'))
    expect([...read.keys()]).toEqual(['arr_0', 'arr_1'])
    expect(read.get('arr_0')?.abs().sum().item()).toBe(0)
    expect(numbers(read.get('arr_1') as Tensor)).toEqual([0, 1, 2, 3, 4, 5])
  })
})
