import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FileFormatError } from '../errors.ts'
import { liveTensors, tidy } from '../memory.ts'
import { Linear } from '../nn/index.ts'
import { Tensor } from '../tensor.ts'
import { numbers, temporaryFolder } from '../testing.test.util.ts'
import { replaceFile } from './byte-file.ts'
import { FIXTURES } from './fuzz.test.util.ts'
import { loadPth, type PthValue } from './pth.ts'
import { ZipWriter } from './zip-write.ts'

const fixture = (name: string) => join(FIXTURES, name)
const named = (pattern: RegExp) => readdirSync(FIXTURES).filter(name => pattern.test(name))
const dict = (value: PthValue | undefined) => value as Map<string, PthValue>

/** A zip file of torch.save around this pickle and these storages. */
function craft(pickle: string, storages: Record<string, Uint8Array> = {}, extra: string[] = []) {
  const path = join(temporaryFolder(), 'x.pt')
  replaceFile(path, append => {
    const zip = new ZipWriter(append)
    zip.add('x/data.pkl', [Buffer.from(pickle, 'latin1')], false)
    for (const [key, bytes] of Object.entries(storages)) zip.add(`x/data/${key}`, [bytes], false)
    for (const name of extra) zip.add(name, [Buffer.from('big')], false)
    zip.finish()
  })
  return path
}

const text = (value: string) => `\x8c${String.fromCharCode(value.length)}${value}`
const global = (module: string, name: string) => `c${module}\n${name}\n`
const int = (value: number) => {
  const bytes = Buffer.alloc(5)
  bytes.write('J', 'latin1')
  bytes.writeInt32LE(value, 1)
  return bytes.toString('latin1')
}
const tuple = (...items: string[]) => `(${items.join('')}t`
const storage = (type: string, key: string, numel: string) =>
  `${tuple(text('storage'), global('torch', type), text(key), text('cpu'), numel)}Q`
/** A pickle that is one tensor. */
const rebuilt = (
  [offset, size, stride]: [string, string, string],
  from = storage('FloatStorage', '0', int(4)),
) => `\x80\x02${global('torch._utils', '_rebuild_tensor_v2')}${tuple(from, offset, size, stride)}R.`

describe('loadPth', () => {
  it.each(named(/^tensors-.*\.pt$/))('reads every tensor of %s as PyTorch holds it', name => {
    const expected = JSON.parse(
      readFileSync(fixture(name.replace('-legacy', '').replace(/pt$/, 'json')), 'utf8'),
    )
    tidy(() => {
      const read = dict(loadPth(fixture(name)))
      expect([...read.keys()]).toEqual(Object.keys(expected))
      for (const [key, { dtype, shape, strides, values }] of Object.entries<
        ReturnType<typeof JSON.parse>
      >(expected)) {
        const tensor = read.get(key) as Tensor
        expect([key, tensor.dtype, tensor.shape, tensor.strides]).toEqual([
          key,
          dtype,
          shape,
          strides,
        ])
        const real = dtype.startsWith('complex') ? tensor.viewAsReal() : tensor
        expect(numbers(real)).toEqual(values)
      }
    })
  })

  it.each(named(/^tensors-.*\.pt$/))('keeps the memory that tensors of %s share', name => {
    const read = dict(loadPth(fixture(name))) as Map<string, Tensor>
    read.get('shared.a')?.fill_(9)
    // Of 0..23 `a` is 2 to 7 and `b` every third.
    expect(numbers(read.get('shared.b') as Tensor)).toEqual([0, 9, 9, 9, 12, 15, 18, 21])
    expect(read.get('parameter')?.requiresGrad).toBe(false)
  })

  it.each(named(/^checkpoint-/))('reads the plain data of %s', name => {
    const read = dict(loadPth(fixture(name)))
    expect(read.get('epoch')).toBe(3)
    expect(read.get('best')).toBe(0.75)
    expect(read.get('note')).toBe('naïve ☃')
    expect(read.get('flags')).toEqual([true, false, null])
    expect(read.get('nested')).toEqual([1, [2, [3]], new Map([['a', new Map()]])])
    expect(read.get('big')).toEqual([2 ** 31, -(2 ** 31), 2n ** 53n, -(2n ** 70n), 255, 65535, -1])
    expect(read.get('names')).toEqual(new Set(['a', 'b']))
    expect(read.get('size')).toEqual([2, 3])
    expect(read.get('dtype')).toBe('bfloat16')
    const optimizer = dict(read.get('optimizer'))
    const state = dict(optimizer.get('state')) as unknown as Map<number, PthValue>
    expect([...state.keys()]).toEqual([0, 1, 2, 3])
    expect(dict(state.get(0)).get('momentum_buffer')).toBeInstanceOf(Tensor)
  })

  it.each(named(/^checkpoint-/))(
    'finds the weights of %s, without the prefix of the wrapper',
    name => {
      const weights = loadPth(fixture(name), { stateDict: 'weights' })
      expect([...weights.keys()]).toEqual([
        '0.weight',
        '0.bias',
        '1.weight',
        '1.bias',
        '1.running_mean',
        '1.running_var',
        '1.num_batches_tracked',
      ])
      const linear = new Linear(2, 3)
      linear.loadStateDict(
        new Map([...weights].slice(0, 2).map(([key, value]) => [key.slice(2), value])),
      )
      expect(numbers(linear.weight)).toEqual(numbers(weights.get('0.weight') as Tensor))
      const ema = loadPth(fixture(name), { stateDict: 'ema' })
      expect(numbers(ema.get('0.bias') as Tensor)).toEqual([1, 1, 1])
    },
  )

  it('reads nothing of the optimizer when the weights alone are asked for', () => {
    const name = fixture('checkpoint-p2-1.13.pth')
    const before = liveTensors().tensors
    const weights = loadPth(name, { stateDict: 'weights' })
    expect(liveTensors().tensors - before).toBe(weights.size)
    for (const tensor of weights.values()) tensor.dispose()
  })

  it('says what keys there are when the averaged weights are missing', () => {
    expect(() => loadPth(fixture('tensors-1.13.pt'), { stateDict: 'ema' })).toThrow(
      /state_dict_ema or model_ema in the file but received the keys "float64", .*\.\.\./,
    )
  })

  it('refuses a state dict that holds something else', () => {
    const path = craft(`\x80\x02}${text('epoch')}K\x03s.`)
    expect(() => loadPth(path, { stateDict: 'weights' })).toThrow(
      /a state dict of names and tensors but received a number as "epoch"/,
    )
  })

  it('gives the view that offset, sizes and strides say, for any of them', () => {
    const view = fc.record({
      axes: fc.array(fc.tuple(fc.nat(3), fc.nat(4)), { maxLength: 3 }),
      offset: fc.nat(3),
      beyond: fc.nat(2),
    })
    fc.assert(
      fc.property(view, ({ axes, offset, beyond }) => {
        const places = axes.reduce(
          (all, [size, stride]) =>
            all.flatMap(place => Array.from({ length: size }, (_, i) => place + i * stride)),
          [offset],
        )
        const length = Math.max(offset, ...places) + 1 + beyond
        const elements = Float32Array.from({ length }, (_, i) => i)
        const [sizes, strides] = [0, 1].map(part => tuple(...axes.map(axis => int(axis[part]))))
        const pickle = rebuilt(
          [int(offset), sizes, strides],
          storage('FloatStorage', '0', int(length)),
        )
        tidy(() => {
          const read = loadPth(craft(pickle, { 0: new Uint8Array(elements.buffer) })) as Tensor
          expect([read.shape, read.strides]).toEqual(
            [0, 1].map(part => axes.map(axis => axis[part])),
          )
          expect(numbers(read)).toEqual(places)
        })
      }),
      { numRuns: 50 },
    )
  })

  it('swaps the bytes of a big-endian file', () => {
    const one = Uint8Array.of(0x3f, 0x80, 0, 0)
    const pickle = rebuilt(
      [int(0), tuple(int(1)), tuple(int(1))],
      storage('FloatStorage', '0', int(1)),
    )
    const read = loadPth(craft(pickle, { 0: one }, ['x/byteorder'])) as Tensor
    expect(read.toArray()).toEqual([1])
  })
})

describe('loadPth of a file that is not right', () => {
  it.each([
    ['posix.system', `\x80\x02${global('posix', 'system')}${tuple(text('true'))}R.`],
    ['builtins.eval', `\x80\x04${text('builtins')}${text('eval')}\x93${tuple(text('1'))}R.`],
    ['builtins.eval', `\x80\x02${global('__builtin__', 'eval')}${tuple(text('1'))}R.`],
    ['torch.storage._load_from_bytes', `\x80\x02${global('torch.storage', '_load_from_bytes')}.`],
    ['collections.Counter', `\x80\x02${global('collections', 'Counter')})R.`],
    ['os.system', `\x80\x02(${text('true')}ios\nsystem\n.`],
  ])('refuses %s by its name', (name, pickle) => {
    const path = craft(pickle)
    expect(() => loadPth(path)).toThrow(FileFormatError)
    expect(() => loadPth(path)).toThrow(`refused: ${name} (${path})`)
    writeFileSync(path, Buffer.from(pickle, 'latin1'))
    expect(() => loadPth(path)).toThrow(`refused: ${name} (${path})`)
  })

  it.each(named(/^module-/))('refuses the whole module of %s by its class', name => {
    expect(() => loadPth(fixture(name))).toThrow('refused: torch.nn.modules.linear.Linear')
  })

  it('refuses TorchScript, whose code nobody runs here', () => {
    expect(() => loadPth(fixture('torchscript.pt'))).toThrow(/TorchScript: save its state_dict\(\)/)
  })

  const inside: [string, string, string] = [int(0), tuple(int(2), int(2)), tuple(int(2), int(1))]
  it.each<[string, string, RegExp]>([
    [
      'a tensor beyond its storage',
      rebuilt([int(1), inside[1], inside[2]]),
      /within storage "0" of 4 but received one that ends at 5/,
    ],
    [
      'a stride beyond the storage',
      rebuilt([int(0), inside[1], tuple(int(2 ** 30), int(1))]),
      /within storage/,
    ],
    [
      'a negative stride',
      rebuilt([int(3), inside[1], tuple(int(-2), int(-1))]),
      /whole numbers as strides/,
    ],
    ['a negative size', rebuilt([int(0), tuple(int(-1)), tuple(int(1))]), /whole numbers as sizes/],
    [
      'a negative offset',
      rebuilt([int(-1), inside[1], inside[2]]),
      /an offset into a storage but received -1/,
    ],
    [
      'a size without its stride',
      rebuilt([int(0), inside[1], tuple(int(1))]),
      /a stride for each size/,
    ],
    [
      'sizes that are text',
      rebuilt([int(0), text('ab'), inside[2]]),
      /as sizes but received a string/,
    ],
    [
      'too many dimensions',
      rebuilt([int(0), tuple(...Array(65).fill(int(1))), inside[2]]),
      /at most 64/,
    ],
    [
      'more elements than are exact',
      rebuilt([int(0), tuple(...Array(3).fill(int(2 ** 30))), tuple(...Array(3).fill(int(0)))]),
      /fewer elements/,
    ],
    [
      'a storage of another length',
      rebuilt(inside, storage('FloatStorage', '0', int(5))),
      /20 bytes in storage "0" but received 16/,
    ],
    [
      'a storage that is too long to be',
      rebuilt(inside, storage('FloatStorage', '0', '\x8a\x07\xff\xff\xff\xff\xff\xff\x1f')),
      /bytes in storage "0"/,
    ],
    [
      'a storage that is missing',
      rebuilt(inside, storage('FloatStorage', 'no', int(4))),
      /member "x\/data\/no"/,
    ],
    [
      'a storage of a negative length',
      rebuilt(inside, storage('FloatStorage', '0', int(-4))),
      /a length of storage "0" but received -4/,
    ],
    [
      'an unknown storage type',
      rebuilt(inside, storage('QInt8Storage', '0', int(4))),
      /refused: torch.QInt8Storage/,
    ],
    [
      'a type that is no storage',
      rebuilt(inside, storage('float32', '0', int(4))),
      /the persistent id of a storage/,
    ],
    ['a tensor of no storage', rebuilt(inside, 'N'), /a tensor of a storage but received None/],
    [
      'a bare storage',
      `\x80\x02${storage('FloatStorage', '0', int(4))}.`,
      /a class, a function or a bare storage/,
    ],
    ['a bare class', `\x80\x02${global('torch', 'FloatStorage')}.`, /a class, a function or/],
  ])('refuses %s', (_, pickle, message) => {
    const path = craft(pickle, { 0: new Uint8Array(16) })
    expect(() => loadPth(path)).toThrow(FileFormatError)
    expect(() => loadPth(path)).toThrow(message)
  })

  it('takes no more memory for an expanded tensor than its storage', () => {
    const huge = [int(0), tuple(int(2 ** 30), int(2 ** 20)), tuple(int(0), int(0))] as const
    const read = loadPth(craft(rebuilt([...huge]), { 0: new Uint8Array(16) })) as Tensor
    expect(read.shape).toEqual([2 ** 30, 2 ** 20])
    expect(read.strides).toEqual([0, 0])
  })

  it('refuses a zip file without a pickle, and what is no file of PyTorch', () => {
    const path = join(temporaryFolder(), 'x.pt')
    replaceFile(path, append => {
      const zip = new ZipWriter(append)
      zip.add('x/other', [Uint8Array.of(1)], false)
      zip.finish()
    })
    expect(() => loadPth(path)).toThrow(/NAME\/data.pkl in the zip file/)
    writeFileSync(path, 'hello')
    expect(() => loadPth(path)).toThrow(/neither a zip file nor a pickle/)
    writeFileSync(path, '\x80\x02K\x01.', 'latin1')
    expect(() => loadPth(path)).toThrow(/torch.save's magic number/)
  })

  it('refuses a legacy file that was cut anywhere', () => {
    const whole = readFileSync(fixture('tensors-legacy-1.13.pt'))
    const path = join(temporaryFolder(), 'x.pt')
    for (let length = 0; length < whole.length; length += 37) {
      writeFileSync(path, whole.subarray(0, length))
      expect(() => loadPth(path)).toThrow(FileFormatError)
    }
  })
})
