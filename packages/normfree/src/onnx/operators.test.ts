// Every row of the tables in onnxruntime, beside LibTorch.
import { join } from 'node:path'
import {
  cat,
  manualSeed,
  nn,
  onesLike,
  ops,
  rand,
  randn,
  type Tensor,
  zerosLike,
} from '@normfree/torch'
import ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { ACTIVATIONS } from '../activations.ts'
import { largestDifference, numbers } from '../fixtures.test.util.ts'
import { folderForTests } from '../folder.test.util.ts'
import { exportOnnx } from './export.ts'
import { OPERATORS } from './lower.ts'

const { functional: F } = nn

/** A model of one function. */
class Made extends nn.Module {
  readonly f: (x: Tensor) => Tensor

  constructor(f: (x: Tensor) => Tensor) {
    super()
    this.f = f
  }

  override forward(x: Tensor): Tensor {
    return this.f(x)
  }
}

manualSeed(10)
const [vector, square, lines] = [randn([6]), randn([6, 6]), randn([2, 2, 3])]

/** On (N, 4, 5, 6), all elements positive. */
const CASES: [string, (x: Tensor) => Tensor][] = [
  ['x + y', x => x.add(vector)],
  ['x + 3 y', x => x.add(vector, { alpha: 3 })],
  ['x + 2', x => x.add(2)],
  ['x - y', x => x.sub(vector)],
  ['x - 2', x => x.sub(2)],
  ['x y, y first', x => vector.mul(x)],
  ['2 x', x => x.mul(2)],
  ['x / y', x => x.div(vector)],
  ['x / 3', x => x.div(3)],
  ['x^1.5', x => x.pow(1.5)],
  ['x^2, by its own name', x => x.square()],
  ['|x|', x => x.neg().abs()],
  ['exp', x => x.exp()],
  ['log', x => x.log()],
  ['sqrt', x => x.sqrt()],
  ['1 / x', x => x.reciprocal()],
  ['1 / sqrt x', x => x.rsqrt()],
  ['clamp', x => x.clamp(0.3, 0.6)],
  ['clamp from below', x => x.clamp(0.3)],
  ['clamp from above', x => x.clamp(null, 0.6)],
  ['clampMin', x => x.clampMin(0.4)],
  ['clampMax', x => x.clampMax(0.4)],
  ['softmax', x => F.softmax(x, 1)],
  ['linear in more than two dimensions', x => F.linear(x, square, vector)],
  ['linear in two', x => F.linear(x.flatten(0, 2), square)],
  ['matmul', x => x.matmul(square)],
  ['layer norm', x => F.layerNorm(x, [6], vector, vector)],
  ['layer norm of two dimensions, without weights', x => F.layerNorm(x, [5, 6])],
  ['group norm without weights', x => F.groupNorm(x, 2)],
  ['instance norm without weights', x => F.instanceNorm(x)],
  ['batch norm without weights', x => F.batchNorm(x.transpose(1, -1), vector, vector.square())],
  ['mean of one dimension', x => x.mean(-1)],
  ['mean of several, kept', x => x.mean([1, 3], true)],
  ['convolution in one dimension', x => F.conv1d(x.flatten(2), lines, null, 2, 1, 1, 2)],
  ['reshape', x => x.permute([0, 2, 3, 1]).reshape([x.shape[0], -1, 2])],
  ['view', x => x.view([x.shape[0], 2, 2, -1])],
  ['flatten in the middle', x => x.flatten(1, 2)],
  ['squeeze', x => x.mean([2], true).squeeze(2)],
  ['unsqueeze', x => x.unsqueeze(-1)],
  ['permute', x => x.permute([0, -1, 1, 2])],
  ['cat of three, one of them constant', x => cat([x, x.neg(), x.mul(0).add(1)], 1)],
  ['pad', x => F.pad(x, [1, 2, 0, 3], 'constant', -1)],
  ['pad, by its own name', x => ops.call('aten::constant_pad_nd', '', x, [0, 1], 7) as Tensor],
  ['zeros and ones like it', x => cat([zerosLike(x), onesLike(x)], 1)],
  ['what passes through', x => x.clone().contiguous().detach().alias().to({ copy: true })],
]

const POOLS: Record<string, nn.Module> = {
  'maxima with padding': new nn.MaxPool2d(3, { stride: 2, padding: 1, ceilMode: true }),
  'means with padding, which counts': new nn.AvgPool2d(3, { stride: 2, padding: 1 }),
  'means over the edge': new nn.AvgPool2d(2, { ceilMode: true, countIncludePad: false }),
  'means of unequal windows': new nn.AdaptiveAvgPool2d([3, 4]),
  'one mean': new nn.AdaptiveAvgPool2d(1),
  'a strided, dilated, grouped convolution': new nn.Conv2d(4, 6, 3, {
    ...{ stride: [1, 2], padding: [2, 1], dilation: [2, 1], groups: 2 },
  }),
  'instance norm with running statistics': new nn.InstanceNorm2d(4, {
    trackRunningStats: true,
  }).eval(),
}

const RESIZES: Record<string, nn.functional.InterpolateOptions> = {
  'resized to a size': { size: [7, 9], mode: 'bilinear' },
  'resized by factors': { scaleFactor: [2, 1.5], mode: 'bilinear' },
  'resized with the corners kept': { size: 9, mode: 'bilinear', alignCorners: true },
  'resized to the nearest': { size: [10, 11] },
}

const ALL: [string, (x: Tensor) => Tensor][] = [
  ...CASES,
  ...Object.entries(ACTIVATIONS).map(([name, { module }]): (typeof CASES)[number] => {
    const layer = module()
    return [name, x => layer(x.sub(0.5).mul(6))]
  }),
  ...Object.entries(POOLS).map(([name, layer]): (typeof CASES)[number] => [name, x => layer(x)]),
  ...Object.entries(RESIZES).map(([name, options]): (typeof CASES)[number] => [
    name,
    x => F.interpolate(x, options),
  ]),
]

const folder = folderForTests()

describe('the tables of operators', () => {
  const seen = new Set<string>()

  it.each(ALL)('give %s', async (name, f) => {
    const path = join(folder, `${ALL.findIndex(([each]) => each === name)}.onnx`)
    exportOnnx(new Made(f).eval(), rand([1, 4, 5, 6]), path)
    const runtime = await ort.InferenceSession.create(path, { intraOpNumThreads: 1 })
    const x = rand([3, 4, 5, 6]).add(0.1)
    const feeds = { input: new ort.Tensor('float32', x.data() as Float32Array, x.shape) }
    const { output } = await runtime.run(feeds)
    await runtime.release()
    const expected = ops.observe(
      operator => void seen.add(operator),
      () => f(x),
    )
    expect(output.dims).toEqual(expected.shape)
    const difference = largestDifference([...(output.data as Float32Array)], numbers(expected))
    expect(difference).toBeLessThan(1e-5)
  })

  it('have no row that no case runs', () => {
    const missed = OPERATORS.filter(operator => !seen.has(operator))
    expect(missed).toEqual([])
  })
})
