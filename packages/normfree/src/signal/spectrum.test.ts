import { cat, eye, manualSeed, randn, tensor } from '@normfree/torch'
import { beforeEach, describe, expect, it } from 'vitest'
import { createModel } from '../registry.ts'
import { gaussianEffectiveRank, kernelSpectra, kernelSpectrum, spectralNorm } from './spectrum.ts'

beforeEach(() => manualSeed(2))

describe('kernelSpectrum', () => {
  it('gives the singular values of outputs by fan-in', () => {
    const weight = tensor([
      [3, 0, 0],
      [0, 0, 2],
    ])
    expect(kernelSpectrum(weight)).toMatchObject({
      ...{ outputs: 2, fanIn: 3, groups: 1, spectralNorm: 3, smallest: 2, conditionNumber: 1.5 },
      singularValues: [3, 2],
    })
    expect(kernelSpectrum(weight).frobeniusNorm).toBeCloseTo(Math.sqrt(13), 5)
  })

  it('leaves out the direction that a kernel with rows of sum 0 cannot see', () => {
    const weight = randn([40, 3, 3, 3])
    const centred = weight.sub(weight.mean([1, 2, 3], true))
    const spectrum = kernelSpectrum(centred)
    expect(spectrum.singularValues).toHaveLength(27)
    expect(spectrum.singularValues[26]).toBeLessThan(1e-4)
    expect(spectrum.smallest).toBeCloseTo(spectrum.singularValues[25], 5)
    expect(spectrum.conditionNumber).toBeLessThan(20)
  })

  it('takes groups for kernels of their own', () => {
    const first = randn([4, 2, 3, 3])
    const second = randn([4, 2, 3, 3]).mul(10)
    const both = kernelSpectrum(cat([first, second]), 2)
    expect(both.spectralNorm).toBeCloseTo(kernelSpectrum(second).spectralNorm, 3)
    expect(both.smallest).toBeCloseTo(kernelSpectrum(first).smallest, 4)
    expect([both.outputs, both.fanIn, both.groups]).toEqual([4, 18, 2])
  })

  it('says that a lost direction makes the condition infinite', () => {
    const spectrum = kernelSpectrum(
      tensor([
        [1, 2, 4],
        [1, 2, 4],
      ]).mul(tensor([[1], [0]])),
    )
    expect(spectrum.conditionNumber).toBe(Number.POSITIVE_INFINITY)
  })

  it('has effective rank 1 for Gaussian weights, and less for weights of a few directions', () => {
    expect(kernelSpectrum(randn([64, 16, 3, 3])).effectiveRank).toBeCloseTo(1, 2)
    const low = randn([64, 4]).matmul(randn([4, 144]))
    expect(kernelSpectrum(low).effectiveRank).toBeLessThan(4.1 / gaussianEffectiveRank(64, 144))
  })
})

describe('gaussianEffectiveRank', () => {
  it.each([
    [200, 300],
    [200, 200],
    [500, 40],
  ])('is what %d x %d drawn weights have', (rows, columns) => {
    const { singularValues } = kernelSpectrum(randn([rows, columns]))
    const sum = singularValues.reduce((a, b) => a + b)
    const entropy = singularValues.reduce((h, s) => h - (s / sum) * Math.log(s / sum), 0)
    expect(Math.exp(entropy) / gaussianEffectiveRank(rows, columns)).toBeCloseTo(1, 2)
  })

  it('is the rank where all singular values are alike', () => {
    expect(gaussianEffectiveRank(1, 9)).toBe(1)
    expect(gaussianEffectiveRank(10, 1e9)).toBeCloseTo(10, 3)
  })
})

describe('spectralNorm', () => {
  it.each([
    [[32, 16, 3, 3], 1],
    [[32, 1, 3, 3], 32],
    [[10, 64], 1],
  ])('is within 1%% of the largest singular value of %j in %d groups', (shape, groups) => {
    const weight = randn(shape as number[])
    const exact = kernelSpectrum(weight, groups).spectralNorm
    const iterated = spectralNorm(weight, groups)
    expect(iterated / exact).toBeGreaterThan(0.99)
    expect(iterated / exact).toBeLessThan(1.0001)
  })

  it('takes the largest where several are alike', () => {
    expect(spectralNorm(eye(5).mul(3))).toBeCloseTo(3, 4)
  })
})

describe('kernelSpectra', () => {
  it('has every kernel, standardized, under the name of its module', () => {
    const spectra = kernelSpectra(createModel('nf_resnet20'), randn([1, 3, 16, 16]))
    expect(spectra.map(({ name }) => name).slice(0, 3)).toEqual([
      'conv1',
      'layer1.0.conv1',
      'layer1.0.conv2',
    ])
    expect(spectra[spectra.length - 1].name).toBe('fc')
    // ||W||_F^2 of Scaled WS is the number of its outputs.
    expect(spectra[1].frobeniusNorm ** 2).toBeCloseTo(16, 3)
  })
})
