import { describe, expect, it } from 'vitest'
import { sizes } from '../../scripts/checks/sizes.mjs'
import { breaches, plantRepository } from './repository.mjs'

/** @param {number} count */
const lines = count => 'x\n'.repeat(count)

describe('sizes', () => {
  it('fails a handwritten file above 800 lines, and not a generated one', async () => {
    const found = await breaches(sizes, {
      'packages/lab/src/long.ts': lines(801),
      'packages/torch/src/generated/ops.ts': lines(3000),
      'scripts/fits.mjs': lines(800),
    })
    expect(found).toEqual(['packages/lab/src/long.ts: has 801 lines, more than 800: split it'])
  })

  it('warns above 400 lines', async () => {
    const root = plantRepository({
      'packages/lab/src/long.ts': lines(401),
      'test/a.mjs': lines(400),
    })
    const { violations, warnings } = await sizes.run(root)
    expect(violations).toEqual([])
    expect(warnings?.map(({ file }) => file)).toEqual(['packages/lab/src/long.ts'])
  })

  it('fails a native file above 400 lines, and all of them above 1,500', async () => {
    const found = await breaches(sizes, {
      'packages/torch/native/a.cc': lines(401),
      'packages/torch/native/b.cc': lines(400),
      'packages/torch/native/c.cc': lines(400),
      'packages/torch/native/d.h': lines(300),
    })
    expect(found).toEqual([
      expect.stringMatching(/native\/a\.cc: has 401 lines/),
      expect.stringMatching(/packages\/torch\/native: the native code has 1501 lines/),
    ])
  })

  it('finds an operator named in native code, and none in its comments', async () => {
    const found = await breaches(sizes, {
      'packages/torch/native/a.cc': '// as aten::relu does\ncall("aten::add");\n',
    })
    expect(found).toEqual([expect.stringMatching(/a\.cc:2 names aten::add/)])
  })
})
