import { analyzeFactors, summarize } from '@normfree/runs'
import { describe, expect, it } from 'vitest'
import { markdownFactors, markdownTable } from './tables.ts'
import { comparison, runOf, snapshotFile, sweep } from './testing.ts'

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

describe('markdownFactors', () => {
  it('has a row for each factor, the most important first, and says what it is of', () => {
    const [final] = analyzeFactors(sweep())
    const lines = markdownFactors(final!).split('\n')
    expect(lines[2]).toMatch(/^\| batchSize \| \d\.\d\d ± \d\.\d\d \| -0\.98 \| -0\.9\d \| {2}\|$/)
    expect(lines[3]).toMatch(/^\| clip\.factor \|/)
    expect(lines[5]).toMatch(/^Over 55 completed runs; 5 others have no score\. The forest's R² /)
  })

  it('says why importance is withheld', () => {
    const [final] = analyzeFactors(sweep().slice(0, 9))
    expect(markdownFactors(final!)).toContain('Importance is withheld: 9 runs completed')
  })
})
