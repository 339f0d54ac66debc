import { Writable } from 'node:stream'
import type { TrainEvent } from '@normfree/lab'
import { describe, expect, it } from 'vitest'
import { createContext } from './context.ts'
import { outcome, trainProgress } from './progress.ts'

const events: TrainEvent[] = [
  {
    kind: 'start',
    totalSteps: 20,
    stepsPerEpoch: 10,
    model: 'nf_resnet20',
    parameters: 272_474,
    step: 0,
  },
  { kind: 'step', step: 10, loss: 2.25, accuracy: 0.1, imagesPerSecond: 1900.4, lr: 0.1 },
  {
    kind: 'epoch',
    epoch: 1,
    trainLoss: 2.25,
    trainAccuracy: 0.125,
    testLoss: 2.2,
    testAccuracy: 0.2,
    seconds: 1,
    imagesPerSecond: 1850,
    waitShare: 0.0042,
    skipped: 3,
  },
  { kind: 'end', status: 'interrupted' },
]

function shown(isTTY: boolean, shownEvents = events): string {
  let text = ''
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk
      done()
    },
  })
  const host = { stdout: stream, stderr: Object.assign(stream, { isTTY, columns: 200 }), env: {} }
  const progress = trainProgress(createContext([], host), 'label')
  for (const event of shownEvents) progress.onEvent(event)
  progress[Symbol.dispose]()
  return text
}

describe('trainProgress', () => {
  it('writes a plain line for each epoch where nobody is watching', () => {
    expect(shown(false).split('\n')).toEqual([
      'label: nf_resnet20, 272,474 parameters',
      'label: epoch 1/2, loss 2.250, accuracy 12.50%, test 20.00%, 1,850 images/s, 0.42% waiting for data, 3 images skipped, 0 s left',
      '',
    ])
  })

  it('draws a bar with loss, accuracy, speed and time left on a terminal', () => {
    expect(shown(true)).toMatch(/label [=-]+ epoch 1\/2 \| loss 2\.250 \| accuracy 10\.00%/)
    expect(shown(true)).toMatch(/1,900 images\/s \| .* left/)
  })

  it('gives the cursor back when a run fails before its end', () => {
    expect(shown(true, events.slice(0, 2))).toMatch(/\[\?25l[\s\S]*\[\?25h/)
  })
})

describe('outcome', () => {
  it('gives the reason of a run that did not complete', () => {
    const run = { dir: 'd', status: 'diverged', testAccuracy: Number.NaN, message: 'NaN' } as const
    expect(outcome(run)).toBe('diverged (NaN), test accuracy -')
  })
})
