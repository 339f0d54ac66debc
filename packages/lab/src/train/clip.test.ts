import { from, type Tensor } from '@normfree/torch'
import { createModel } from 'normfree'
import { describe, expect, it } from 'vitest'
import { parseRunConfig } from '../config/load.ts'
import { createClipper } from './clip.ts'
import { TrainError } from './errors.ts'
import { copyOf } from './fixtures.test.util.ts'

const model = createModel('test_nfnet', { numClasses: 3 })
const parameters = new Map<string, Tensor>(model.namedParameters())

/** The gradients after clipping with factor 0.01, from gradients of one everywhere. */
function clipped(clip: object, names: readonly string[], gradient = (_: number) => 1) {
  const config = parseRunConfig({ model: 'test_nfnet', clip: { kind: 'agc', ...clip } })
  for (const parameter of parameters.values()) parameter.grad = null
  for (const name of names) {
    const parameter = parameters.get(name)!
    const values = Float32Array.from({ length: parameter.numel }, (_, i) => gradient(i))
    parameter.grad = from(values, parameter.shape)
  }
  const report = createClipper(model, config.clip)(model.namedParameters())
  const gradients = names.map(name => [...copyOf(parameters.get(name)!.grad!)])
  return { report, gradients }
}

describe('createClipper', () => {
  const gain = 'stem.conv1.gain'
  const onlyFirst = (i: number) => (i === 0 ? 10 : 1e-3)

  it('takes a gain for one unit, as DeepMind, unless told otherwise', () => {
    for (const reading of [{}, { reading: 'deepmind' }]) {
      const { report, gradients } = clipped(reading, [gain], onlyFirst)
      expect(report.clipFraction).toBe(1)
      expect(gradients[0]![1]! / gradients[0]![0]!).toBeCloseTo(1e-4, 6)
    }
  })

  it('takes each channel of a gain for itself, as timm, when told so', () => {
    const { report, gradients } = clipped({ reading: 'timm' }, [gain], onlyFirst)
    const [first, ...others] = gradients[0]!
    expect(report.clipFraction).toBeCloseTo(1 / (others.length + 1), 12)
    expect(first).toBeCloseTo(0.01, 6)
    for (const other of others) expect(other).toBeCloseTo(1e-3, 9)
  })

  it('leaves the classifier out, wherever it is in the net, and what else is named', () => {
    const names = ['head.fc.weight', 'head.fc.bias', gain]
    const isClipped = (exclude: object) =>
      clipped(exclude, names).gradients.map(([first]) => first! < 1)
    expect(isClipped({})).toEqual([false, false, true])
    expect(isClipped({ exclude: ['fc.weight'] })).toEqual([false, true, true])
    expect(isClipped({ exclude: ['gain', 'fc'] })).toEqual([false, false, false])
    expect(isClipped({ exclude: [] })).toEqual([true, true, true])
  })

  it('counts what it left out in the norm, not among the units', () => {
    const { report } = clipped({}, ['head.fc.bias', gain])
    expect(report.gradNorm).toBeCloseTo(Math.sqrt(3 + parameters.get(gain)!.numel), 5)
    expect(report.clipFraction).toBe(1)
  })

  it('refuses a name that nothing has: efficientnet calls its classifier otherwise', () => {
    const { clip } = parseRunConfig({ model: 'efficientnet_b0', clip: { kind: 'agc' } })
    const create = () => createClipper(createModel('efficientnet_b0', { numClasses: 3 }), clip)
    expect(create).toThrow(TrainError)
    expect(create).toThrow(
      'Expected names of modules or parameters for `clip.exclude` but received "fc", which the model does not have. Its last parameters are classifier.weight and classifier.bias.',
    )
  })
})
