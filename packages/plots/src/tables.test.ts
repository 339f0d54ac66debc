import { summarize } from '@normfree/runs'
import { describe, expect, it } from 'vitest'
import { markdownTable } from './tables.ts'
import { comparison, runOf, snapshotFile } from './testing.ts'

describe('markdownTable', () => {
  it('looks as it did', async () => {
    const table = markdownTable(summarize(comparison()))
    await expect(table).toMatchFileSnapshot(snapshotFile('markdown-table.txt'))
  })

  it('escapes names that would break the table, and has a dash where nothing completed', () => {
    const run = runOf({ name: 'a|b', model: 'resnet20', accuracy: 0.5, divergesAfter: 2 })
    const row = markdownTable(summarize([run])).split('\n')[2]
    expect(row).toContain('| a\\|b | – | baseline | – | – |')
    expect(row).toContain('| 1 diverged |')
  })
})
