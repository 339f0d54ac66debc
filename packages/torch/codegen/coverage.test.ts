// Every name that PyTorch shows its users is ours too, or has a reason.
import { expect, it } from 'vitest'
import { missingNames, publicNames } from './coverage.ts'

const index = new URL('../dist/index.js', import.meta.url).href

it('nothing public is missing without a reason', async () => {
  const missing = missingNames(await import(index))
  expect(missing.filter(({ reason }) => reason === undefined)).toEqual([])
  const names = Object.values(publicNames()).reduce((sum, names) => sum + names.size, 0)
  expect(names).toBeGreaterThan(1200)
  expect(missing.length / names).toBeLessThan(0.25)
})
