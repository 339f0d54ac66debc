// Hostile files without end: seeds of every format, damaged by a seeded stream of mutations, read by
// the functions that users call. A case is its number: the same number is the same file.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FileFormatError } from '../errors.ts'
import { zeros } from '../generated/functions.ts'
import { liveTensors, tidy } from '../memory.ts'
import type { Tensor } from '../tensor.ts'
import { tensorsIn } from '../tensor-base.ts'
import type { DType } from '../types.ts'
import { type Append, withFile } from './byte-file.ts'
import { loadNpy, loadNpz, saveNpy, saveNpz } from './npy.ts'
import { loadPth } from './pth.ts'
import { bytesOf } from './raw.ts'
import { loadSafetensors, openSafetensors, saveSafetensors } from './safetensors.ts'
import { readDirectory, readZipMember } from './zip-read.ts'
import { ZipWriter } from './zip-write.ts'

/** Fixtures are read from where they are committed: the compiled tests lie in dist/files. */
export const FIXTURES = new URL('../../src/files/fixtures/', import.meta.url).pathname

/** Limits for a file of a few kB. */
const MAX_SECONDS = 1
const MAX_GROWTH_KB = 256 * 1024
const MAX_READ = 1e5

const FORMATS = ['safetensors', 'npy', 'npz', 'pt'] as const
type Format = (typeof FORMATS)[number]

interface Seed {
  format: Format
  bytes: Buffer
  /** Contents of a zip file, which are damaged before their sums are taken. */
  members: { name: string; bytes: Buffer; compressed: boolean }[]
}

/** What reading one mutated file came to; `problem` when it was neither read nor refused cleanly. */
export interface FuzzOutcome {
  format: Format
  result: 'read' | 'refused' | 'failed'
  problem?: string
}

/** Reads mutated files, each written to `path` before it is read. */
export class Fuzzer {
  readonly #path: string
  readonly #seeds: readonly Seed[]

  constructor(folder: string) {
    this.#path = join(folder, 'case.bin')
    this.#seeds = [...ownSeeds(folder), ...fixtureSeeds()]
  }

  run(number: number): FuzzOutcome {
    const random = randomStream(number)
    // The format first, so that each gets as many cases however many seeds it has.
    const format = FORMATS[random(FORMATS.length)]
    const seeds = this.#seeds.filter(seed => seed.format === format)
    const seed = seeds[random(seeds.length)]
    writeFileSync(this.#path, mutated(seed, this.#seeds, random))
    const live = liveTensors().tensors
    const peak = process.resourceUsage().maxRSS
    // Of the processor: a busy machine is no fault of the file's.
    const start = process.cpuUsage()
    const { result, problem } = this.#read(seed.format)
    const { user, system } = process.cpuUsage(start)
    const seconds = (user + system) / 1e6
    const growth = process.resourceUsage().maxRSS - peak
    const leaked = liveTensors().tensors - live
    const failed = (words: string): FuzzOutcome => ({
      format: seed.format,
      result: 'failed',
      problem: words,
    })
    if (problem !== undefined) return failed(problem)
    if (seconds > MAX_SECONDS) return failed(`took ${seconds.toFixed(1)} s`)
    if (growth > MAX_GROWTH_KB) return failed(`took ${Math.round(growth / 1024)} MiB`)
    if (leaked !== 0) return failed(`left ${leaked} tensors behind`)
    return { format: seed.format, result }
  }

  #read(format: Format): { result: 'read' | 'refused'; problem?: string } {
    try {
      for (const load of LOADERS[format]) tidy(() => void touch(load(this.#path)))
      return { result: 'read' }
    } catch (error) {
      if (error instanceof FileFormatError) return { result: 'refused' }
      const stack = error instanceof Error ? error.stack : String(error)
      return { result: 'refused', problem: `threw ${stack}` }
    }
  }
}

const LOADERS: Readonly<Record<Format, readonly ((path: string) => unknown)[]>> = {
  safetensors: [
    loadSafetensors,
    path => {
      using file = openSafetensors(path)
      return file.names.map(name => file.get(name))
    },
  ],
  npy: [loadNpy],
  npz: [loadNpz],
  pt: [loadPth, path => loadPth(path, { stateDict: 'weights' })],
}

/** Reads every byte of the tensors, so that one that reaches outside its memory is found out. */
function touch(value: unknown): void {
  for (const found of tensorsIn(value)) {
    const tensor = found as Tensor
    if (tensor.numel <= MAX_READ) bytesOf(tensor).reduce((sum, byte) => sum + byte, 0)
  }
}

// Seeds.

const DTYPES: readonly DType[] = ['float32', 'float16', 'int64', 'bool', 'complex64', 'uint8']

function ownSeeds(folder: string): Seed[] {
  const path = join(folder, 'seed.bin')
  const seedOf = (format: Format, save: () => void): Seed => {
    tidy(save)
    return readSeed(format, path)
  }
  const named = () => new Map(DTYPES.map(dtype => [dtype, zeros([2, 3], { dtype })]))
  const real = () => new Map([...named()].filter(([dtype]) => dtype !== 'complex64'))
  return [
    seedOf('safetensors', () => saveSafetensors(path, real(), { epoch: '3' })),
    seedOf('safetensors', () => saveSafetensors(path, new Map([['x', zeros([])]]))),
    ...DTYPES.map(dtype => seedOf('npy', () => saveNpy(path, zeros([3, 2], { dtype })))),
    seedOf('npz', () => saveNpz(path, named())),
    seedOf('npz', () => saveNpz(path, named(), { compressed: true })),
  ]
}

function fixtureSeeds(): Seed[] {
  const formats: Readonly<Record<string, Format>> = { pt: 'pt', pth: 'pt', npy: 'npy', npz: 'npz' }
  return readdirSync(FIXTURES)
    .toSorted()
    .flatMap(name => {
      const format = formats[name.split('.').at(-1) as string]
      return format ? [readSeed(format, join(FIXTURES, name))] : []
    })
}

function readSeed(format: Format, path: string): Seed {
  const bytes = readFileSync(path)
  if (bytes.toString('latin1', 0, 2) !== 'PK') return { format, bytes, members: [] }
  const members = withFile(path, file =>
    readDirectory(file).map(member => ({
      name: member.name,
      compressed: member.compressed,
      bytes: Buffer.from(readZipMember(member, file)),
    })),
  )
  return { format, bytes, members }
}

// Mutations.

/** A whole number below `bound`. */
type Random = (bound: number) => number

/** Mulberry32, started so that neighbouring numbers have nothing in common. */
function randomStream(number: number): Random {
  let state = Math.imul(number + 1, 0x9e3779b1)
  return bound => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * bound)
  }
}

function mutated(seed: Seed, seeds: readonly Seed[], random: Random): Uint8Array {
  const other = seeds[random(seeds.length)].bytes
  if (seed.members.length === 0 || random(3) === 0) return damaged(seed.bytes, other, random)
  // The pickle, or any other member: half of the time each.
  const pickle = seed.members.findIndex(({ name }) => name.endsWith('data.pkl'))
  const chosen = pickle >= 0 && random(2) === 0 ? pickle : random(seed.members.length)
  const parts: Uint8Array[] = []
  const append: Append = bytes => parts.push(Buffer.from(bytes))
  const zip = new ZipWriter(append)
  for (const [i, { name, bytes, compressed }] of seed.members.entries())
    zip.add(name, [i === chosen ? damaged(bytes, other, random) : bytes], compressed)
  zip.finish()
  return Buffer.concat(parts)
}

function damaged(bytes: Buffer, other: Buffer, random: Random): Buffer {
  let result: Buffer = Buffer.from(bytes)
  for (let left = 1 + random(4); left > 0; left--)
    result = MUTATIONS[random(MUTATIONS.length)](result, other, random)
  return result
}

const SIZES = [
  0n,
  1n,
  255n,
  65535n,
  1n << 31n,
  (1n << 32n) - 1n,
  (1n << 53n) + 1n,
  (1n << 64n) - 1n,
]
const WORDS = [
  '-1',
  '0',
  '9007199254740993',
  '1e999',
  '2147483648',
  'null',
  '[]',
  '{}',
  "'|O'",
  '(',
]
/** Opcodes of every kind, those that are refused too. */
const OPCODES = Buffer.from('()]}.012NJKMGXTUaestulbcoihjqrRQP', 'latin1')
const HIGH_OPCODES = [
  0x80, 0x81, 0x82, 0x85, 0x86, 0x87, 0x88, 0x8a, 0x8b, 0x8d, 0x8f, 0x90, 0x93, 0x94,
]
const PAYLOADS = [
  Buffer.from('cposix\nsystem\n(X\x04\x00\x00\x00trueR', 'latin1'),
  Buffer.from('\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R', 'latin1'),
  Buffer.from('ctorch._utils\n_rebuild_tensor_v2\n', 'latin1'),
  Buffer.from('ctorch\nFloatStorage\n', 'latin1'),
  Buffer.alloc(300, '('),
  Buffer.alloc(300, ']\x85'),
]

type Mutation = (bytes: Buffer, other: Buffer, random: Random) => Buffer

const at = (bytes: Buffer, random: Random): number => random(bytes.length + 1)

function replaceRange(bytes: Buffer, start: number, end: number, insert: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, start), insert, bytes.subarray(end)])
}

const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, _, random) {
    if (bytes.length > 0) bytes[random(bytes.length)] ^= 1 << random(8)
    return bytes
  },
  function setByte(bytes, _, random) {
    if (bytes.length > 0) bytes[random(bytes.length)] = random(256)
    return bytes
  },
  function truncate(bytes, _, random) {
    return bytes.subarray(0, random(8) === 0 ? random(bytes.length + 1) : bytes.length)
  },
  function remove(bytes, _, random) {
    const start = at(bytes, random)
    return replaceRange(bytes, start, start + random(16), Buffer.alloc(0))
  },
  function splice(bytes, other, random) {
    const from = at(other, random)
    const piece = other.subarray(from, from + random(64))
    const start = at(bytes, random)
    return replaceRange(bytes, start, start + (random(2) ? piece.length : 0), piece)
  },
  function editLength(bytes, _, random) {
    const width = [1, 2, 4, 8][random(4)]
    if (bytes.length < width) return bytes
    const value = random(2) ? SIZES[random(SIZES.length)] : BigInt(bytes.length + random(3) - 1)
    const field = Buffer.alloc(8)
    field.writeBigUInt64LE(value)
    field.copy(bytes, random(bytes.length - width + 1), 0, width)
    return bytes
  },
  function editNumber(bytes, _, random) {
    const numbers = [...bytes.toString('latin1').matchAll(/\d+/g)]
    if (numbers.length === 0) return bytes
    const { index, 0: digits } = numbers[random(numbers.length)]
    const word = Buffer.from(WORDS[random(WORDS.length)], 'latin1')
    // Of the same length half of the time, so that offsets after it still hold.
    const insert = random(2)
      ? word
      : Buffer.from(word.toString('latin1').padEnd(digits.length).slice(0, digits.length), 'latin1')
    return replaceRange(bytes, index, index + digits.length, insert)
  },
  function editOpcode(bytes, _, random) {
    if (bytes.length === 0) return bytes
    const high = random(2) === 0
    bytes[random(bytes.length)] = high
      ? HIGH_OPCODES[random(HIGH_OPCODES.length)]
      : OPCODES[random(OPCODES.length)]
    return bytes
  },
  function insertPayload(bytes, _, random) {
    const start = at(bytes, random)
    return replaceRange(bytes, start, start, PAYLOADS[random(PAYLOADS.length)])
  },
]
