import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folderForTests } from '../folder.test.util.ts'
import { ownerOf, untilFree, withLock } from './lock.ts'

const folder = folderForTests()
const newFolder = () => mkdtempSync(join(folder, 'lock-'))

describe('withLock', () => {
  it('holds the lock while the work goes on, and lets it go when the work fails', async () => {
    const dir = join(newFolder(), 'new')
    const work = withLock(dir, async () => {
      expect(readFileSync(join(dir, '.lock'), 'utf8')).toBe(`${process.pid} on ${hostname()}`)
      throw new TypeError('broken')
    })
    await expect(work).rejects.toThrow('broken')
    expect(existsSync(join(dir, '.lock'))).toBe(false)
  })

  it('refuses a folder that a living process holds, and leaves its lock', async () => {
    const dir = newFolder()
    await withLock(dir, async () => {
      await expect(withLock(dir, async () => 1)).rejects.toMatchObject({
        exitCode: 2,
        message: expect.stringMatching(`process ${process.pid} on .* is at work there`),
      })
      expect(existsSync(join(dir, '.lock'))).toBe(true)
    })
  })

  it('takes over the lock of a dead process, but not one of another machine', async () => {
    const dir = newFolder()
    const { pid } = spawnSync(process.execPath, ['--version'])
    writeFileSync(join(dir, '.lock'), `${pid} on ${hostname()}`)
    expect(await withLock(dir, async () => 'done')).toBe('done')
    writeFileSync(join(dir, '.lock'), '1 on elsewhere')
    await expect(withLock(dir, async () => 1)).rejects.toThrow('1 on elsewhere')
  })
})

describe('untilFree', () => {
  it('waits for the process at work, and gives up on it in the end', async () => {
    const dir = newFolder()
    const { signal } = new AbortController()
    let done = () => {}
    const work = withLock(dir, () => new Promise<void>(resolve => (done = resolve)))
    expect(ownerOf(dir)).toBe(`${process.pid} on ${hostname()}`)
    await expect(untilFree(dir, signal, 1)).rejects.toThrow(/is at work there.*\.lock/)
    await untilFree(dir, AbortSignal.abort(), 1)
    const free = untilFree(dir, signal)
    done()
    await Promise.all([work, free])
    expect(ownerOf(dir)).toBeNull()
  })

  it('does not wait for the dead, nor where there is no folder', async () => {
    const dir = newFolder()
    const { pid } = spawnSync(process.execPath, ['--version'])
    writeFileSync(join(dir, '.lock'), `${pid} on ${hostname()}`)
    const { signal } = new AbortController()
    await untilFree(dir, signal, 0)
    await untilFree(join(dir, 'absent'), signal, 0)
    expect(ownerOf(dir)).toBeNull()
  })
})
