import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { settingsTables } from './settings-table.test.util.ts'

const page = fileURLToPath(new URL('../../../../docs/training.md', import.meta.url))
const [START, END] = [
  '<!-- settings: UPDATE_DOCS=1 npx vitest run settings-table -->',
  '<!-- end -->',
]

describe('docs/training.md', () => {
  it('lists every setting as the schema has it', () => {
    const text = readFileSync(page, 'utf8')
    const [before, rest] = text.split(START) as [string, string]
    const [tables, after] = rest.split(END) as [string, string]
    const expected = `\n\n${settingsTables()}\n\n`
    if (process.env.UPDATE_DOCS) writeFileSync(page, [before, START, expected, END, after].join(''))
    else expect(tables).toBe(expected)
  })

  it('would miss a setting that is taken from it', () => {
    expect(settingsTables()).toMatch(/\| `optimizer\.groups\[\]\.lrScale` +\|/)
    expect(settingsTables()).toMatch(/\| `clip\.kind: none` +\| +\| default +\|/)
  })
})
