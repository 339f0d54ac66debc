import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { places } from '../../packages/torch/libtorch.mjs'

it('docs/install.md lists the places of the table, in its order', () => {
  const text = readFileSync(new URL('../../docs/install.md', import.meta.url), 'utf8')
  const listed = [...text.matchAll(/^\d\. (.*)$/gm)].map(([, what]) => what)
  expect(listed).toEqual(places.map(({ what }) => what))
})
