// What scripts/kill-resume.mjs kills: one tiny run with everything that has a state (momentum, an
// average, dropout, stochastic depth, mixing), begun or resumed in the folder that is its argument.
// Writes a line for each step, so that the moment of a kill can be chosen.
import { parseRunConfig, train } from '@normfree/lab'

/** @import { ImageData } from '@normfree/lab' */

const SIDE = 8

/** @param {number} length @param {number} seed */
function noise(length, seed) {
  const images = new Uint8Array(new SharedArrayBuffer(length * SIDE * SIDE * 3))
  let state = seed
  for (let i = 0; i < images.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    images[i] = state >>> 24
  }
  return { length, images, labels: Int32Array.from({ length }, (_, i) => i % 3) }
}

/** @type {ImageData} */
const data = {
  ...{ name: 'noise', classes: ['a', 'b', 'c'], height: SIDE, width: SIDE },
  ...{ train: noise(96, 1), test: noise(24, 2), mean: [0.5, 0.5, 0.5], std: [0.3, 0.3, 0.3] },
}

const config = parseRunConfig({
  ...{ model: 'nf_resnet20', modelOptions: { dropRate: 0.1, dropPathRate: 0.1 } },
  ...{ epochs: 3, batchSize: 8, precision: 'float32', ema: { decay: 0.9 } },
  clip: { kind: 'agc' },
  augment: { crop: 1, flip: true, mix: { kind: 'timm', mixup: 0.8, cutmix: 1 } },
  checkpoint: { everySteps: 2 },
})

const [dir] = process.argv.slice(2)
process.stdout.write('ready\n')
const { status } = await train(config, {
  ...{ dir, name: 'killed', command: 'npm run kill-resume', data, resume: true },
  onEvent: event => {
    if (event.kind === 'step') process.stdout.write(`step ${event.step}\n`)
  },
})
process.stdout.write(`${status}\n`)
