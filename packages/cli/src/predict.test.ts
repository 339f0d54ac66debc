import { createHash } from 'node:crypto'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { manualSeed, saveSafetensors } from '@normfree/torch'
import { createModel } from 'normfree'
import { beforeAll, describe, expect, it } from 'vitest'
import { newFolder, normfree, tinyImageFolder } from './program.test.util.ts'

const folder = newFolder()
const image = join(tinyImageFolder(), 'train/light/0.png')
const weights = join(folder, 'weights.safetensors')
const three = join(folder, 'three.safetensors')
const labels = join(folder, 'labels.txt')

beforeAll(() => {
  writeFileSync(labels, 'cat\ndog\nfish\n')
  manualSeed(3)
  saveSafetensors(weights, createModel('nf_resnet20').stateDict())
  saveSafetensors(three, createModel('nf_resnet20', { numClasses: 3 }).stateDict())
})

const run = (...args: string[]) => normfree(['predict', image, '--model', 'nf_resnet20', ...args])

interface Document {
  predictions: { index: number; label: string | null; probability: number }[]
}

describe('normfree predict', () => {
  it('writes the five most likely classes, the most likely first', async () => {
    const { code, stdout, stderr } = await run('--weights', weights, '--json')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const document = JSON.parse(stdout) as Document
    expect(document).toMatchObject({ image, model: 'nf_resnet20', weights })
    const probabilities = document.predictions.map(({ probability }) => probability)
    expect(probabilities).toHaveLength(5)
    expect(probabilities).toEqual(probabilities.toSorted((a, b) => b - a))
    expect(document.predictions.every(({ label }) => label === null)).toBe(true)
    const table = await run('--weights', weights)
    const first = document.predictions[0]
    expect(table.stdout).toMatch(
      new RegExp(`${first?.index}.*${(100 * (first?.probability ?? 0)).toFixed(2)}%`),
    )
  })

  it('takes the number of classes from the weights, and their names from a file', async () => {
    const { stdout } = await run('--weights', three, '--labels', labels, '--json')
    const { predictions } = JSON.parse(stdout) as Document
    expect(predictions.map(({ index, label }) => `${index} ${label}`).sort()).toEqual([
      '0 cat',
      '1 dog',
      '2 fish',
    ])
    const sum = predictions.reduce((total, { probability }) => total + probability, 0)
    expect(sum).toBeCloseTo(1, 6)
  })

  it('finds a model of the hub in its cache without a network', async () => {
    const commit = createHash('sha1').update('commit').digest('hex')
    const model = join(folder, 'hub/models--timm--tiny.in1k')
    const snapshot = join(model, 'snapshots', commit, 'model.safetensors')
    for (const path of [snapshot, join(model, 'refs/main')])
      mkdirSync(dirname(path), { recursive: true })
    symlinkSync(weights, snapshot)
    writeFileSync(join(model, 'refs/main'), commit)
    const env = { HF_HUB_CACHE: join(folder, 'hub'), HF_ENDPOINT: 'http://127.0.0.1:65530' }
    const args = [
      'predict',
      image,
      '--model',
      'nf_resnet20',
      '--weights',
      'timm/tiny.in1k',
      '--json',
    ]
    const { code, stdout } = await normfree(args, { env })
    expect(code).toBe(0)
    const local = await run('--weights', weights, '--json')
    expect((JSON.parse(stdout) as Document).predictions).toEqual(
      (JSON.parse(local.stdout) as Document).predictions,
    )
  })

  it.each<[string, string[], RegExp]>([
    [
      'weights of another model',
      ['--model', 'nf_resnet32', '--weights', weights],
      /It is a file of nf_resnet20\.$/,
    ],
    ['an unknown model', ['--model', 'nf_resnet2', '--weights', weights], /nf_resnet20/],
    [
      'weights that are not there',
      ['--model', 'nf_resnet20', '--weights', 'none.pth'],
      /none\.pth/,
    ],
    [
      'too few names',
      ['--model', 'nf_resnet20', '--weights', weights, '--labels', labels],
      /Expected 10 class names, .* received 3/,
    ],
    [
      'a hub that cannot be reached',
      ['--model', 'nf_resnet20', '--weights', 'timm/absent'],
      /Expected weights of timm\/absent \(main\) from http:\/\/127\.0\.0\.1:65530 but received .*ECONNREFUSED/,
    ],
  ])('refuses %s in one line, with exit code 2', async (_, args, message) => {
    const env = { HF_ENDPOINT: 'http://127.0.0.1:65530', HF_HUB_CACHE: join(folder, 'empty') }
    const { code, stdout, stderr } = await normfree(['predict', image, ...args], { env })
    expect(stderr.trimEnd()).toMatch(message)
    expect(stderr.match(/\n/g)).toHaveLength(1)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
})
