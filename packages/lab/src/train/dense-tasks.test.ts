import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type EpochLine, readRun } from '@normfree/runs'
import { saveSafetensors, type Tensor, tensor, zeros } from '@normfree/torch'
import { createModel, DenseModel, findPretrained } from 'normfree'
import { describe, expect, it } from 'vitest'
import type { TrainEvent, TrainOptions } from '../ablate/trainer.ts'
import { parseRunConfig } from '../config/load.ts'
import type { Settings } from '../config/schema.ts'
import { writeNyuFile } from '../data/dense/nyu.test.util.ts'
import { vocFolder } from '../data/dense/voc.test.util.ts'
import { DataError } from '../data/errors.ts'
import { temporaryFolder } from '../data/fixtures.test.util.ts'
import { loadData } from '../data/load.ts'
import { depth, segmentation } from './dense-tasks.ts'
import { createSession } from './session.ts'
import { train } from './train.ts'

const VOC = { train: 16, test: 4, width: 16, height: 16 }

/** Trains `nf_resnet20` under a head and gives its epochs. */
async function epochsOf(data: string, settings: Settings = {}) {
  const config = parseRunConfig({
    ...{ data, model: 'nf_resnet20', epochs: 4, batchSize: 4, precision: 'float32' },
    ...{ labelSmoothing: 0, optimizer: { lr: 0.05 }, schedule: { warmupEpochs: 0 } },
    ...settings,
  })
  const dir = join(await temporaryFolder(), 'run')
  const summary = await train(config, { dir, name: 'dense', command: 'a test' })
  const run = readRun(dir)
  return { summary, run, epochs: run.epochs as readonly EpochLine[] }
}

describe('segmentation', () => {
  it('learns from pictures and their classes, and records mean IoU and pixel accuracy', async () => {
    const { summary, run, epochs } = await epochsOf(`voc:${await vocFolder(VOC)}?size=16`, {
      augment: { flip: false, scale: [0.5, 2] },
    })
    expect(summary.status).toBe('completed')
    expect(epochs.at(-1)!.testLoss).toBeLessThan(epochs[0]!.testLoss / 2)
    expect(epochs.at(-1)!.testAccuracy).toBeGreaterThan(0.6)
    const { pixelAccuracy } = epochs.at(-1)!.testMetrics!
    expect(pixelAccuracy).toBeGreaterThan(epochs.at(-1)!.testAccuracy)
    expect(pixelAccuracy).toBeLessThanOrEqual(1)
    expect(run.header.model.name).toBe('nf_resnet20')
  })

  it('goes on in the middle of an epoch to the same weights, bit for bit', async () => {
    const data = `voc:${await vocFolder(VOC)}?size=16`
    const config = parseRunConfig({
      ...{ data, model: 'nf_resnet20', epochs: 1, batchSize: 4, precision: 'float32' },
      ...{ schedule: { warmupEpochs: 0 }, augment: { scale: [0.5, 2] } },
    })
    const folder = await temporaryFolder()
    const runIn = (name: string, options: Partial<TrainOptions> = {}) =>
      train(config, { dir: join(folder, name), name: 'dense', command: 'a test', ...options })
    const weightsOf = (name: string) => readFile(join(folder, name, 'weights.safetensors'))
    await runIn('whole')
    const controller = new AbortController()
    const stopInStep2 = (event: TrainEvent) => {
      if (event.kind === 'step' && event.step === 2) controller.abort()
    }
    const stopped = await runIn('resumed', { signal: controller.signal, onEvent: stopInStep2 })
    expect(stopped.status).toBe('interrupted')
    expect((await runIn('resumed', { resume: true })).status).toBe('completed')
    expect((await weightsOf('resumed')).equals(await weightsOf('whole'))).toBe(true)
  })

  it('starts from the weights that are named, the classifier apart', async () => {
    const uri = `voc:${await vocFolder({ ...VOC, train: 4 })}?size=16`
    const weights = join(await temporaryFolder(), 'weights.safetensors')
    const own = createModel('nf_resnet20', { numClasses: 5 })
    saveSafetensors(weights, own.stateDict())
    const config = parseRunConfig({ model: 'nf_resnet20', data: uri, batchSize: 4, weights })
    const { model } = createSession(config, await loadData(uri), await findPretrained(weights))
    const given = own.stateDict()
    const taken = [...(model as DenseModel).backbone.stateDict()]
    const same = (name: string, tensor: Tensor) => tensor.equal(given.get(name)!)
    const backbone = taken.filter(([name]) => !name.startsWith('fc'))
    expect(backbone.length).toBeGreaterThan(50)
    expect(backbone.filter(([name, tensor]) => !same(name, tensor))).toEqual([])
    const missing = epochsOf(uri, { weights: '/nowhere.safetensors' })
    await expect(missing).rejects.toThrow('Expected a file that can be read')
  })

  it('refuses an augmentation that maps do not know before anything is recorded', async () => {
    const data = `voc:${await vocFolder({ ...VOC, train: 4 })}?size=16`
    const asked = epochsOf(data, { augment: { erase: { probability: 0.5 } } })
    await expect(asked).rejects.toThrow(DataError)
  })

  it('leaves pixels without a class out of loss and score', () => {
    const outputs = tensor([
      [
        [2, 0, 0],
        [0, 2, 2],
      ],
    ]).reshape([1, 2, 1, 3])
    const target = { truth: tensor([0, 1, 255]).to('int64').reshape([1, 1, 3]), shares: null }
    const config = parseRunConfig({ model: 'nf_resnet20', labelSmoothing: 0 })
    expect(segmentation.terms(target)).toBe(2)
    expect(segmentation.loss(outputs, target, config).item()).toBeCloseTo(
      Math.log1p(Math.exp(-2)),
      6,
    )
    expect(segmentation.correct(outputs, target)).toBe(1)
    const none = { ...target, truth: target.truth.mul(0).add(255) }
    expect(segmentation.loss(outputs, none, config).item()).toBe(0)
    expect(segmentation.correct(outputs, none)).toBe(0)
    const meter = segmentation.meter()
    meter.add(outputs, target)
    meter.add(outputs, none)
    expect(meter.result()).toMatchObject({ score: 1, metrics: { pixelAccuracy: 1 } })
    expect(meter.result().loss).toBeCloseTo(Math.log1p(Math.exp(-2)), 6)
  })

  it('puts a head for its classes on the net', () => {
    const model = segmentation.createModel('nf_resnet20', { numClasses: 7 })
    expect(model).toBeInstanceOf(DenseModel)
    expect(model(zeros([1, 3, 16, 16])).shape).toEqual([1, 7, 16, 16])
  })
})

describe('depth', () => {
  it('learns from pictures and their depths, and records the five figures', async () => {
    const brightness = (n: number, x: number) => 40 + ((n * 37 + x * 5) % 160)
    const file = await writeNyuFile({
      ...{ count: 20, height: 32, width: 40 },
      byteAt: (n, _, x) => brightness(n, x),
      depthAt: (n, y, x) => (y === 0 ? 0 : 1 + brightness(n, x) / 50),
    })
    const { summary, run, epochs } = await epochsOf(`nyu:${file}?size=16`, {
      ...{ batchSize: 2, optimizer: { lr: 0.02 }, clip: { kind: 'norm', max: 5 } },
      augment: { flip: true, scale: [1, 1.5] },
    })
    expect(summary.status).toBe('completed')
    expect(epochs.at(-1)!.testLoss).toBeLessThan(epochs[0]!.testLoss * 0.8)
    expect(run.header.environment.data).toContain('no splits.mat')
    const { testAccuracy, testMetrics } = epochs.at(-1)!
    const { delta2, delta3, rms, rel } = testMetrics!
    expect(testAccuracy).toBeGreaterThan(0)
    expect(delta2).toBeGreaterThanOrEqual(testAccuracy)
    expect(delta3).toBeGreaterThanOrEqual(delta2!)
    expect(rms).toBeGreaterThan(0)
    expect(rel).toBeGreaterThan(0)
  })

  it('leaves unknown depths out of loss and figures', () => {
    const outputs = tensor([[[[2, 9]], [[4, 5]]]]).reshape([1, 1, 2, 2])
    const target = { truth: tensor([2, 0, 2, 5]).reshape([1, 1, 2, 2]), shares: null }
    expect(depth.terms(target)).toBe(3)
    expect(depth.correct(outputs, target)).toBeCloseTo(2 / 3, 6)
    const meter = depth.meter()
    meter.add(outputs, target)
    expect(meter.result()).toMatchObject({ metrics: { rel: 1 / 3 } })
    expect(meter.result().metrics.rms).toBeCloseTo(Math.sqrt(4 / 3), 6)
  })
})
