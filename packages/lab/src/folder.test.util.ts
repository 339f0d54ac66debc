// Where the tests of this package write.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** A folder for the tests of a file or of one `describe`, removed after them. */
export function folderForTests(): string {
  const folder = mkdtempSync(join(tmpdir(), 'normfree-lab-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
