import { createModel } from 'normfree'
import { describe, expect, it } from 'vitest'
import { TrainError } from './errors.ts'
import { tinyConfig, tinyData } from './fixtures.test.util.ts'
import { createSession } from './session.ts'

describe('createSession', () => {
  it('gives decay to the kernels alone, and the recipe’s momentum to both groups', () => {
    const config = tinyConfig({ optimizer: { weightDecay: 1e-3, momentum: 0.8 } })
    const { paramGroups } = createSession(config, tinyData()).optimizer
    expect(paramGroups).toMatchObject([
      { weightDecay: 1e-3, momentum: 0.8, nesterov: true },
      { weightDecay: 0, momentum: 0.8, nesterov: true },
    ])
  })

  it('plans whole batches only: what does not fill one is left out of the epoch', () => {
    const session = createSession(tinyConfig({ batchSize: 20, epochs: 5 }), tinyData())
    expect([session.stepsPerEpoch, session.totalSteps]).toEqual([3, 15])
  })

  it('warms up linearly, then follows the cosine down to the final rate', () => {
    const config = tinyConfig({
      ...{ epochs: 5, optimizer: { lr: 0.4 } },
      schedule: { warmupEpochs: 1, finalLr: 0.1 },
    })
    const { schedule } = createSession(config, tinyData())
    expect([0, 1, 4].map(schedule.at)).toEqual([0, 0.1, 0.4])
    expect(schedule.at(12)).toBeCloseTo(0.25, 12)
    expect(schedule.at(20)).toBeCloseTo(0.1, 12)
  })

  it('draws the same weights from the same seed, whatever was drawn before', () => {
    const kernel = (seed: number) =>
      Array.from(
        createSession(tinyConfig({ seed }), tinyData())
          .model.parameters()[0]!
          .data() as Float32Array,
      )
    const first = kernel(5)
    createModel('resnet20')
    expect(kernel(5)).toEqual(first)
    expect(kernel(6)).not.toEqual(first)
  })

  it('has as many outputs as the data has classes, and kernels in channels-last', () => {
    const { model } = createSession(tinyConfig(), tinyData())
    expect(model.stateDict().get('fc.weight')?.shape).toEqual([3, 64])
    expect(model.stateDict().get('layer1.0.conv1.weight')?.strides).toEqual([144, 1, 48, 16])
  })

  it('refuses a batch that the images do not fill', () => {
    expect(() => createSession(tinyConfig({ batchSize: 65 }), tinyData())).toThrow(TrainError)
    expect(createSession(tinyConfig({ batchSize: 64 }), tinyData()).stepsPerEpoch).toBe(1)
  })

  it('refuses images that are smaller than the strides of the model', () => {
    const data = tinyData()
    const create = (model: string) => () => createSession(tinyConfig({ model }), data)
    expect(create('nf_resnet26')).toThrow(/at least 32 pixels .* nf_resnet26 .* received 8/)
    expect(create('resnet20')).not.toThrow()
  })
})
