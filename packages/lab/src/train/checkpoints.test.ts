import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  loadSafetensors,
  nn,
  optim,
  readSafetensorsMetadata,
  saveSafetensors,
} from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import type { RunConfig } from '../config/schema.ts'
import { Rng } from '../data/rng.ts'
import { folderForTests } from '../folder.test.util.ts'
import type { Progress } from './checkpoint.ts'
import { listCheckpoints, saveCheckpoint } from './checkpoints.ts'
import { CheckpointError } from './errors.ts'
import { tinyConfig } from './fixtures.test.util.ts'
import type { Session } from './session.ts'
import { atStart, captured, restoreNewest } from './state.ts'

const folder = folderForTests()
const newFolder = () => mkdtempSync(join(folder, 'run-'))

/** Of a net so small that its checkpoints are read in no time. */
function sessionOf(config = tinyConfig()): Session {
  const model = new nn.Linear(2, 2)
  const optimizer = new optim.SGD([...model.parameters()], { lr: 0.1, momentum: 0.9 })
  return { config, model, optimizer, precision: 'float32', stepsPerEpoch: 4 } as unknown as Session
}

function save(dir: string, session: Session, step: number, score: number | null = null): void {
  const epoch = Math.floor(step / 4) + 1
  const totals = { ...atStart().totals, steps: step % 4 }
  const progress: Progress = { ...atStart(), step, epoch, totals, score }
  saveCheckpoint(dir, captured(session, progress, { seconds: 1, metrics: { bytes: 0, lines: 0 } }))
}

const keeping = (keepLast: number, keepBest: number): RunConfig =>
  tinyConfig({ checkpoint: { keepLast, keepBest } })

const steps = (dir: string): number[] =>
  listCheckpoints(dir).map(path => Number(/step-(\d+)/.exec(path)?.[1]))

describe('saveCheckpoint', () => {
  it.each([
    [1, 1, [16, 8]],
    [2, 0, [16, 12]],
    [2, 2, [16, 12, 8]],
    [1, 9, [16, 12, 8, 4]],
  ])('keeps the newest %d and the best %d', (last, best, kept) => {
    const dir = newFolder()
    const session = sessionOf(keeping(last, best))
    for (const [i, score] of [0.1, 0.5, 0.3, 0.4].entries()) save(dir, session, 4 * (i + 1), score)
    expect(steps(dir)).toEqual(kept)
  })

  it('counts no score within an epoch', () => {
    const dir = newFolder()
    const session = sessionOf(keeping(1, 2))
    save(dir, session, 4, 0.5)
    save(dir, session, 6, 0.5)
    save(dir, session, 7, 0.9)
    expect(steps(dir)).toEqual([7, 4])
  })

  it('leaves files of other names alone', () => {
    const dir = newFolder()
    const session = sessionOf()
    save(dir, session, 4)
    const others = ['step-00000008.safetensors.damaged', 'step-9.safetensors', 'notes.txt']
    for (const name of others) writeFileSync(join(dir, 'checkpoints', name), '')
    expect(steps(dir)).toEqual([4])
    save(dir, session, 8)
    expect(readdirSync(join(dir, 'checkpoints')).toSorted()).toEqual(
      [...others, 'step-00000008.safetensors'].toSorted(),
    )
  })

  it.each(['ENOSPC', 'EROFS', 'EIO'])('says so in one sentence when it meets %s', code => {
    const dir = newFolder()
    const session = sessionOf()
    save(dir, session, 4)
    const checkpoint = captured(session, atStart(), {
      seconds: 1,
      metrics: { bytes: 0, lines: 0 },
    })
    const fail = () => {
      throw Object.assign(new RangeError('no'), { code })
    }
    const error = (() => {
      try {
        return saveCheckpoint(dir, checkpoint, fail)
      } catch (caught) {
        return caught as CheckpointError
      }
    })()
    expect(error).toBeInstanceOf(CheckpointError)
    expect(error!.message).toMatch(
      new RegExp(`step-00000000\\.safetensors but received ${code}\\. `),
    )
    expect(error!.message).not.toContain('\n')
    expect(steps(dir)).toEqual([4])
  })

  it('says so when there is no folder to write into', () => {
    const dir = newFolder()
    writeFileSync(join(dir, 'checkpoints'), 'a file')
    expect(() => save(dir, sessionOf(), 4)).toThrow(CheckpointError)
  })
})

describe('restoreNewest', () => {
  it('finds nothing where nothing was saved', () => {
    expect(restoreNewest(sessionOf(), newFolder())).toBeNull()
  })

  it('brings back weights and random numbers', () => {
    const dir = newFolder()
    const session = sessionOf()
    save(dir, session, 4)
    const draw = () => new nn.Linear(2, 2).weight.toArray()
    const drawn = draw()
    const other = sessionOf()
    expect(restoreNewest(other, dir)).toMatchObject({ progress: { step: 4 }, damaged: [] })
    expect(other.model.stateDict().get('weight')!.toArray()).toEqual(
      session.model.stateDict().get('weight')!.toArray(),
    )
    expect(draw()).toEqual(drawn)
  })

  it('takes the one before a damaged one, and says which was damaged', () => {
    const dir = newFolder()
    const session = sessionOf(keeping(2, 0))
    save(dir, session, 4)
    save(dir, session, 8)
    const [newest] = listCheckpoints(dir)
    writeFileSync(newest!, 'not a checkpoint')
    const restored = restoreNewest(session, dir)
    expect(restored).toMatchObject({ progress: { step: 4 }, damaged: [{ path: newest }] })
  })

  it('refuses when all are damaged, and deletes none', () => {
    const dir = newFolder()
    const session = sessionOf(keeping(2, 0))
    for (const step of [4, 8]) save(dir, session, step)
    for (const path of listCheckpoints(dir)) writeFileSync(path, '')
    expect(() => restoreNewest(session, dir)).toThrow(/damaged one .*No other one is whole either/)
    expect(steps(dir)).toEqual([8, 4])
  })

  it.each<[string, (session: Session) => Session]>([
    ['another labelSmoothing', s => ({ ...s, config: tinyConfig({ labelSmoothing: 0 }) })],
    ['of 5 steps an epoch', s => ({ ...s, stepsPerEpoch: 5 })],
    ['in bfloat16', s => ({ ...s, precision: 'bfloat16' })],
  ])('refuses a checkpoint of another run: %s', (message, change) => {
    const dir = newFolder()
    save(dir, sessionOf(), 4)
    const other = change(sessionOf())
    expect(() => restoreNewest(other, dir)).toThrow(CheckpointError)
    expect(() => restoreNewest(other, dir)).toThrow(message)
  })

  it('refuses by name whatever a stranger has written with a digest of his own', () => {
    const dir = newFolder()
    const session = sessionOf()
    save(dir, session, 4)
    const [path] = listCheckpoints(dir)
    const tensors = loadSafetensors(path!)
    const metadata = Object.fromEntries(readSafetensorsMetadata(path!))
    const random = new Rng(3)
    let refused = 0
    for (let n = 0; n < 300; n++) {
      // One value or one key of the state is another.
      const values = [...metadata.state!.matchAll(/[-\d.]+|"[^"]*"|null|true|false/g)]
      const { index, 0: old } = values[random.int(values.length)]!
      const word = ['null', '-1', '"x"', '[]', '{}', '1e300', '"model"', '{"$map":3}'][
        random.int(8)
      ]!
      const state =
        metadata.state!.slice(0, index) + word + metadata.state!.slice(index + old.length)
      const hash = createHash('sha256').update(state)
      for (const [name, { dtype, shape }] of tensors) {
        hash.update(JSON.stringify([name, dtype, shape]))
        hash.update(tensors.get(name)!.reshape([-1]).view('uint8').data() as Uint8Array)
      }
      saveSafetensors(path!, tensors, { ...metadata, state, digest: hash.digest('hex') })
      try {
        restoreNewest(session, dir)
      } catch (error) {
        expect(error).toBeInstanceOf(CheckpointError)
        refused++
      }
    }
    expect(refused).toBeGreaterThan(200)
  })
})
