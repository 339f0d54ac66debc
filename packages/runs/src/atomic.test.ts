import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeFileAtomic } from './atomic.ts'
import { temporaryFolder } from './testing.ts'

describe('writeFileAtomic', () => {
  it('replaces a file and leaves nothing else in the folder', () => {
    const dir = temporaryFolder()
    writeFileSync(join(dir, 'weights'), 'old')
    writeFileAtomic(join(dir, 'weights'), new Uint8Array([1, 2, 3]))
    expect([...readFileSync(join(dir, 'weights'))]).toEqual([1, 2, 3])
    expect(readdirSync(dir)).toEqual(['weights'])
  })

  it('leaves no temporary file behind when it fails', () => {
    const dir = temporaryFolder()
    mkdirSync(join(dir, 'taken', 'inside'), { recursive: true })
    expect(() => writeFileAtomic(join(dir, 'taken'), 'data')).toThrow()
    expect(readdirSync(dir)).toEqual(['taken'])
  })
})
