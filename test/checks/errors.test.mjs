import { describe, expect, it } from 'vitest'
import { errors } from '../../scripts/checks/errors.mjs'
import { breaches } from './repository.mjs'

describe('errors', () => {
  it('finds bare errors by line, with and without `new`', async () => {
    const text = "\nthrow new Error('no')\nthrow Error('no')\nthrow new ShapeError('fine')\n"
    expect(await breaches(errors, { 'packages/lab/src/a.ts': text })).toEqual([
      'packages/lab/src/a.ts:2 throws a bare Error: throw a named class',
      'packages/lab/src/a.ts:3 throws a bare Error: throw a named class',
    ])
  })

  it('leaves tests and comments alone', async () => {
    const found = await breaches(errors, {
      'packages/lab/src/a.test.ts': "throw new Error('planted')",
      'packages/lab/src/a.ts': "// throw new Error('no')\nconst url = 'http://x' // throw Error()",
    })
    expect(found).toEqual([])
  })
})
