import { describe, expect, it } from 'vitest'
import { imports } from '../../scripts/checks/imports.mjs'
import { breaches, manifest } from './repository.mjs'

describe('imports', () => {
  it('accepts imports along the direction, of declared names, of Node and within a package', async () => {
    const found = await breaches(imports, {
      'packages/normfree/src/agc.ts': [
        "import { readFileSync } from 'node:fs'",
        "import type { Tensor } from '@normfree/torch'",
        "import { norm } from './norm.ts'",
      ].join('\n'),
      'packages/normfree/src/norm.ts': 'export const norm = 1',
      'packages/normfree/src/agc.test.ts': "import { it } from 'vitest'",
    })
    expect(found).toEqual([])
  })

  it('names file and line of an import against the direction', async () => {
    const found = await breaches(imports, {
      ...manifest('torch', '@normfree/torch', ['@normfree/runs']),
      'packages/torch/src/a.ts': "\nexport {\n  x,\n} from '@normfree/runs'\n",
    })
    expect(found).toEqual([
      'packages/torch/src/a.ts:4 @normfree/torch may not import @normfree/runs: imports point one way',
    ])
  })

  it('rejects types against the direction, and dynamic imports', async () => {
    const found = await breaches(imports, {
      'packages/torch/src/a.ts': "import type { Run } from '@normfree/runs'",
      'packages/runs/src/a.ts': "const load = () => import('@normfree/torch')",
    })
    expect(found).toHaveLength(2)
  })

  it('rejects another package by path, and names that package.json does not declare', async () => {
    const found = await breaches(imports, {
      'packages/normfree/src/a.ts': "import { x } from '../../torch/src/x.ts'\nimport 'left-pad/x'",
      'packages/normfree/src/b.ts': "import { it } from 'vitest'",
    })
    expect(found).toEqual([
      expect.stringMatching(/a\.ts:1 .*leaves packages\/normfree/),
      expect.stringMatching(/a\.ts:2 imports left-pad, which .* does not declare/),
      expect.stringMatching(/b\.ts:1 imports vitest/),
    ])
  })

  it('finds a cycle once, and none that only types close', async () => {
    const found = await breaches(imports, {
      'packages/runs/src/a.ts': "import { b } from './b.ts'",
      'packages/runs/src/b.ts': "import { c } from './c.ts'",
      'packages/runs/src/c.ts': "import { a } from './a.ts'",
      'packages/torch/src/a.ts': "import type { B } from './b.ts'",
      'packages/torch/src/b.ts': "import { a } from './a.ts'",
    })
    expect(found).toEqual([
      expect.stringContaining(
        'closes an import cycle: packages/runs/src/a.ts -> packages/runs/src/b.ts -> packages/runs/src/c.ts -> packages/runs/src/a.ts',
      ),
    ])
  })

  it('is not misled by imports in comments', async () => {
    const text = "/**\n * import { Run } from '@normfree/runs'\n */\n// import 'left-pad'\n"
    expect(await breaches(imports, { 'packages/torch/src/a.ts': text })).toEqual([])
  })
})
