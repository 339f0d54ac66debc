import { describe, expect, it } from 'vitest'
import { exportsOf, surface, updateSurface } from '../../scripts/checks/surface.mjs'
import { breaches, plantRepository } from './repository.mjs'

const index = "export { a, type B, c as d } from './x.ts'\nexport type { E } from './y.ts'\n"

describe('exportsOf', () => {
  it('lists values and types by the names that users see', () => {
    const source = `${index}export const f = 1\nexport * as ops from './ops.ts'\n`
    expect(exportsOf('index.ts', source)).toEqual({
      names: ['a', 'd', 'f', 'ops', 'type B', 'type E'],
      violations: [],
    })
  })
})

describe('surface', () => {
  it('names what came and what went', async () => {
    const found = await breaches(surface, {
      'packages/runs/src/index.ts': index,
      'scripts/surface.json': JSON.stringify({ '@normfree/runs': ['a', 'd', 'gone', 'type B'] }),
    })
    expect(found).toEqual([
      expect.stringMatching(/lacks type E of @normfree\/runs: .*--update/),
      expect.stringMatching(/lists gone, which @normfree\/runs no longer exports/),
    ])
  })

  it('is content after an update', async () => {
    const root = plantRepository({
      'packages/runs/src/index.ts': index,
      'scripts/surface.json': '{}',
    })
    updateSurface(root)
    expect((await surface.run(root)).violations).toEqual([])
  })

  it('rejects `export *` of anything but generated code', async () => {
    const found = await breaches(surface, {
      'packages/torch/src/index.ts': "export * from './generated/ops.ts'\nexport * from './x.ts'",
    })
    expect(found).toEqual([expect.stringMatching(/index\.ts:2 exports everything of a file/)])
  })
})
