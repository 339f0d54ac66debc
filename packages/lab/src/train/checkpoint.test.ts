import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  liveTensors,
  loadSafetensors,
  ones,
  readSafetensorsMetadata,
  saveSafetensors,
  type Tensor,
  tensor,
  tidy,
} from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { Rng } from '../data/rng.ts'
import { folderForTests } from '../folder.test.util.ts'
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint.ts'
import type { StateTree } from './checkpoint-tree.ts'
import { DamagedCheckpointError } from './errors.ts'
import { atStart } from './state.ts'

const folder = folderForTests()
const path = join(folder, 'step.safetensors')

const partsOf = (): Checkpoint['parts'] => ({
  model: new Map([
    ['fc.weight', tensor([[1, 2, 3]])],
    ['seen', ones([], { dtype: 'int64' })],
  ]),
  optimizer: {
    state: { 0: { momentum_buffer: ones([1, 3], { dtype: 'bfloat16' }), step: 3 } },
    paramGroups: [{ params: [0, 1], lr: 0.1, betas: [0.9, 0.999], nesterov: true }],
  },
  schedule: { best: null, limit: Number.POSITIVE_INFINITY },
  average: { averages: new Map(), updates: 0 },
})

const checkpointOf = (parts = partsOf()): Checkpoint => ({
  ...{ progress: atStart(), seconds: 1.5, metrics: { bytes: 12, lines: 1 }, parts },
  ...{ precision: 'float32', config: { model: 'm', epochs: 3 } },
})

/** With tensors as arrays, so that it can be compared. */
function plain(tree: StateTree): unknown {
  if (tree instanceof Map) return [...tree].map(([key, value]) => [key, plain(value)])
  if (Array.isArray(tree)) return tree.map(plain)
  if (typeof tree !== 'object' || tree === null) return tree
  if ('dtype' in tree) return [(tree as Tensor).dtype, (tree as Tensor).toArray()]
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, plain(value)]))
}

const contentAt = (file: string): unknown =>
  tidy(() => {
    const { parts, ...header } = readCheckpoint(file)
    return [header, plain(parts)]
  })

describe('writeCheckpoint and readCheckpoint', () => {
  it('bring back every kind of state as it was', () => {
    writeCheckpoint(path, checkpointOf())
    const { parts, ...header } = checkpointOf()
    expect(contentAt(path)).toEqual([header, plain(parts)])
  })

  it('take a file with one value changed for damaged, though it is a safetensors file', () => {
    writeCheckpoint(path, checkpointOf())
    const metadata = Object.fromEntries(readSafetensorsMetadata(path))
    const tensors = loadSafetensors(path)
    tensors.get('model.fc.weight')!.add_(1)
    saveSafetensors(path, tensors, metadata)
    expect(() => readCheckpoint(path)).toThrow(DamagedCheckpointError)
    const state = metadata.state!.replace('"seconds":1.5', '"seconds":2.5')
    saveSafetensors(path, new Map(), { ...metadata, state })
    expect(() => readCheckpoint(path)).toThrow(/received a damaged one \(.*step\.safetensors\)/)
  })

  it('refuse a file of another format', () => {
    saveSafetensors(path, new Map(), { format: 'pt' })
    expect(() => readCheckpoint(path)).toThrow('Expected "normfree checkpoint 1" but received "pt"')
    expect(() => readCheckpoint(join(folder, 'none'))).toThrow(DamagedCheckpointError)
    expect(() => readCheckpoint(folder)).toThrow(DamagedCheckpointError)
  })
})

describe('a checkpoint from a stranger', () => {
  const random = new Rng(7)
  const piece = () => Buffer.from(Array.from({ length: random.int(16) }, () => random.int(256)))
  const mutations: ((bytes: Buffer, at: number) => Buffer)[] = [
    (bytes, at) => {
      bytes[at]! ^= 1 << random.int(8)
      return bytes
    },
    (bytes, at) => bytes.subarray(0, at),
    (bytes, at) => Buffer.concat([bytes.subarray(0, at), piece(), bytes.subarray(at)]),
    (bytes, at) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random.int(16))]),
    (bytes, at) => {
      bytes.write(['null', '[]', '1e999', '"$map":', '{}', '-1'][random.int(6)]!, at, 'latin1')
      return bytes
    },
  ]

  it('is read as it was written or refused by name, however it was damaged', () => {
    writeCheckpoint(path, checkpointOf())
    const whole = readFileSync(path)
    const content = contentAt(path)
    let refused = 0
    const before = liveTensors().tensors
    for (let n = 0; n < 600; n++) {
      const mutate = mutations[n % mutations.length]!
      writeFileSync(path, mutate(Buffer.from(whole), random.int(whole.length)))
      try {
        expect(contentAt(path)).toEqual(content)
      } catch (error) {
        if (!(error instanceof DamagedCheckpointError)) throw error
        expect(error.message).toContain(path)
        expect(error.message).not.toContain('\n')
        refused++
      }
    }
    expect(refused).toBeGreaterThan(500)
    expect(liveTensors().tensors).toBe(before)
  })
})
