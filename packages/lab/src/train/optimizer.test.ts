import { createModel } from 'normfree'
import { describe, expect, it } from 'vitest'
import { splitByDecay } from './optimizer.ts'

describe('splitByDecay', () => {
  it.each([
    ['nf_resnet20', /(^|\.)(conv\d|downsample|fc)\.weight$/],
    ['resnet20', /(^|\.)(conv\d|fc)\.weight$/],
    ['resnet20_nonorm', /(^|\.)(conv\d|fc)\.weight$/],
    ['rescale50', /(^|\.)(conv\d|downsample\.2|fc)\.weight$/],
  ])('lets the kernels of %s decay and nothing else', (model, kernels) => {
    const parameters = [...createModel(model).namedParameters()]
    const { decayed, free } = splitByDecay(parameters)
    const names = (list: readonly unknown[]) =>
      parameters.filter(([, parameter]) => list.includes(parameter)).map(([name]) => name)
    expect(names(decayed)).toEqual(
      parameters.map(([name]) => name).filter(name => kernels.test(name)),
    )
    expect(names(free)).toHaveLength(parameters.length - decayed.length)
    expect(names(free).some(name => kernels.test(name))).toBe(false)
  })
})
