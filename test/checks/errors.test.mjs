import { describe, expect, it } from 'vitest'
import { errors } from '../../scripts/checks/errors.mjs'
import { breaches } from './repository.mjs'

describe('errors', () => {
  it('finds bare errors by line, with and without `new`', async () => {
    const text = "\nthrow new Error('no')\nthrow Error('no')\nthrow new ShapeError('fine')\n"
    expect(await breaches(errors, { 'packages/runs/src/a.ts': text })).toEqual([
      'packages/runs/src/a.ts:2 throws a bare Error: throw a named class',
      'packages/runs/src/a.ts:3 throws a bare Error: throw a named class',
    ])
  })

  it('leaves tests and comments alone', async () => {
    const found = await breaches(errors, {
      'packages/runs/src/a.test.ts': "throw new Error('planted')",
      'packages/runs/src/a.ts': "// throw new Error('no')\nconst url = 'http://x' // throw Error()",
    })
    expect(found).toEqual([])
  })
})
