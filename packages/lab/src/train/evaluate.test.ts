import { noGrad } from '@normfree/torch'
import { describe, expect, it } from 'vitest'
import { batches } from '../data/batches.ts'
import { evaluate } from './evaluate.ts'
import { firstBatch, parametersOf, sessionOf, tinyConfig, tinyData } from './fixtures.test.util.ts'
import { createSession } from './session.ts'
import { toImages, trainStep } from './step.ts'

describe('evaluate', () => {
  it('is the mean over all test images, without smoothing, in evaluation mode', async () => {
    const session = createSession(tinyConfig({ model: 'resnet20' }), tinyData())
    const { model, data } = session
    const result = await evaluate(session)

    const everything = { batchSize: 30, seed: 0, epoch: 0, augment: null }
    let loss = 0
    let correct = 0
    model.eval()
    for await (const batch of batches(data, 'test', {
      ...everything,
      shuffle: false,
      dropLast: false,
    })) {
      const logits = noGrad(() => model(toImages(batch, data))).toArray() as number[][]
      logits.forEach((row, i) => {
        const label = batch.labels[i]!
        loss += Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0)) - row[label]!
        correct += row.indexOf(Math.max(...row)) === label ? 1 : 0
      })
    }
    expect(result.loss).toBeCloseTo(loss / 30, 5)
    expect(result.score).toBe(correct / 30)
  })

  it('goes back to training and leaves running statistics alone', async () => {
    const session = createSession(tinyConfig({ model: 'resnet20' }), tinyData())
    const mean = () => session.model.stateDict().get('bn1.running_mean')?.toArray()
    const before = mean()
    await evaluate(session)
    expect(session.model.training).toBe(true)
    expect(mean()).toEqual(before)
  })

  it('evaluates averaged weights beside the raw ones, which stay', async () => {
    const session = sessionOf({ ema: { decay: 0.5, warmup: false } })
    const average = session.average!
    const batch = await firstBatch(session)
    for (let i = 0; i < 3; i++) {
      trainStep(session, batch, 0.3)
      average.update()
    }
    const weights = parametersOf(session)
    const both = await evaluate(session)
    expect(parametersOf(session)).toEqual(weights)
    const alone = sessionOf()
    alone.model.loadStateDict(session.model.stateDict())
    const { average: none, ...raw } = await evaluate(alone)
    expect(both).toMatchObject(raw)
    expect(none).toBeNull()
    alone.model.loadStateDict(average.stateDict().averages)
    expect((await evaluate(alone)).loss).toBeCloseTo(both.average!.loss, 6)
    expect(both.average!.loss).not.toBeCloseTo(both.loss, 4)
  })

  it('takes a model that is confident and wrong for what it is', async () => {
    const session = createSession(tinyConfig(), tinyData())
    const bias = session.model.stateDict().get('fc.bias')!
    bias.detach().copy_(bias.detach().add(0).fill_(0))
    bias.detach().slice(0, 2, 3).fill_(30)
    const { loss, score } = await evaluate(session)
    expect(score).toBeCloseTo(1 / 3, 9)
    expect(loss).toBeCloseTo(20, 0)
  })
})
