// How long training waits for its data: ResNet-20 on images of CIFAR's size, and NF-ResNet-50 at 224 px
// on JPEGs of 512 px that are decoded anew for each batch.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { batches, loadData } from '@normfree/lab'
import { setNumThreads } from '@normfree/torch'
import sharp from 'sharp'
import { parseRunConfig } from '../packages/lab/dist/config/load.js'
import { createSession } from '../packages/lab/dist/train/session.js'
import { trainStep } from '../packages/lab/dist/train/step.js'
import { readFlags } from '../scripts/flags.mjs'

const help = `Usage: node bench/loader.mjs [--threads 2] [--precision auto|float32|bfloat16] [--small synthetic] [--photos 512] [--epochs 3] [--only small|photos] [--json]

Trains as \`normfree train\` does, and tells for each epoch which share of its time the trainer waited for
data; the first epoch starts the threads that prepare it. --small names images of 32 px, such as cifar10.`

const { threads, precision, small, photos, epochs, only, json } = readFlags(help, {
  threads: 2,
  precision: ['auto', 'float32', 'bfloat16'],
  small: 'synthetic',
  photos: 512,
  epochs: 3,
  only: ['both', 'small', 'photos'],
  json: false,
})
setNumThreads(threads)

/** Seconds of an epoch of training, and those without a batch at hand. */
async function epochOf(session, epoch) {
  const { config, data } = session
  let [waited, first, images, step] = [0, 0, 0, 0]
  const started = performance.now()
  let asked = started
  const { batchSize, seed, augment } = config
  const order = { batchSize, seed, epoch, augment, shuffle: true, dropLast: true }
  for await (const batch of batches(data, 'train', order)) {
    waited += performance.now() - asked
    if (step === 0) first = waited
    trainStep(session, batch, session.schedule.at(step++))
    images += batch.size
    asked = performance.now()
  }
  const seconds = (performance.now() - started) / 1000
  return {
    ...{ epoch, seconds, imagesPerSecond: images / seconds },
    ...{ waitShare: waited / 1000 / seconds, firstBatch: first / 1000 },
  }
}

async function measure(workload, uri, settings) {
  const data = await loadData(uri)
  const config = parseRunConfig({ data: uri, precision, epochs: epochs + 1, ...settings })
  const session = createSession(config, data)
  const measured = []
  for (let epoch = 1; epoch <= epochs; epoch++) measured.push(await epochOf(session, epoch))
  return { workload: `${workload}, ${session.precision}, ${threads} threads`, epochs: measured }
}

/** Mosaics of 16 x 16 small images: as much detail as photographs have. */
async function writePhotos(folder, count) {
  const { train } = await loadData('synthetic')
  const [tile, tiles] = [32, 16]
  const side = tile * tiles
  for (let n = 0; n < count; n++) {
    const split = n % 8 === 0 ? 'test' : 'train'
    const pixels = Buffer.alloc(side * side * 3)
    for (let at = 0; at < tiles * tiles; at++) {
      const image = ((n * 131 + at) % train.length) * tile * tile * 3
      for (let y = 0; y < tile; y++) {
        const row = (Math.floor(at / tiles) * tile + y) * side + (at % tiles) * tile
        const from = image + y * tile * 3
        pixels.set(train.images.subarray(from, from + tile * 3), row * 3)
      }
    }
    const path = join(folder, split, `class${n % 3}`)
    mkdirSync(path, { recursive: true })
    const raw = { width: side, height: side, channels: 3 }
    await sharp(pixels, { raw })
      .jpeg({ quality: 90 })
      .toFile(join(path, `${n}.jpg`))
  }
}

const results = []
if (only !== 'photos')
  results.push(
    await measure(`resnet20, batch 128, ${small}`, small, { model: 'resnet20', batchSize: 128 }),
  )
if (only !== 'small') {
  const folder = mkdtempSync(join(tmpdir(), 'normfree-photos-'))
  try {
    await writePhotos(folder, photos)
    const uri = `folder:${folder}?size=224&decode=each`
    const augment = { resizedCrop: {}, flip: true }
    const settings = { model: 'nf_resnet50', batchSize: 16, augment }
    results.push(await measure('nf_resnet50 at 224 px, batch 16, JPEGs of 512 px', uri, settings))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (json) console.log(JSON.stringify(results, null, 2))
else
  for (const { workload, epochs } of results) {
    console.log(
      `${workload}\n\n| epoch | seconds | images/s | waiting | of that for the first batch |\n|---|---|---|---|---|`,
    )
    for (const { epoch, seconds, imagesPerSecond, waitShare, firstBatch } of epochs)
      console.log(
        `| ${epoch} | ${seconds.toFixed(1)} | ${imagesPerSecond.toFixed(0)} | ${(100 * waitShare).toFixed(2)}% | ${firstBatch.toFixed(2)} s |`,
      )
    console.log()
  }
process.exit() // the threads that prepare batches would be waited for
