import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { RunRecordError } from './errors.ts'
import { createRun, readHeader } from './header.ts'
import { headerOf, temporaryFolder } from './testing.ts'

const written = (text: string) => {
  const dir = temporaryFolder()
  writeFileSync(join(dir, 'run.json'), text)
  return dir
}

describe('createRun', () => {
  it('writes a header that reads back equal, in a folder it makes', () => {
    const dir = join(temporaryFolder(), 'plan', 'run')
    const header = headerOf({ plan: 'demo', model: { name: 'm', parameters: 1, macs: 2 } })
    createRun(dir, header)
    expect(readHeader(dir)).toEqual(header)
  })

  it('refuses a folder that holds a run, and leaves that run as it was', () => {
    const dir = temporaryFolder()
    createRun(dir, headerOf({ seed: 1 }))
    expect(() => createRun(dir, headerOf({ seed: 2 }))).toThrow(RunRecordError)
    expect(JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8')).seed).toBe(1)
  })
})

describe('readHeader', () => {
  it('says what to name when there is no header', () => {
    const dir = temporaryFolder()
    expect(() => readHeader(dir)).toThrow(`but received ${dir}, whose run.json cannot be read`)
  })

  it('refuses another format number, with the remedy', () => {
    const dir = written(JSON.stringify({ ...headerOf(), format: 2 }))
    expect(() => readHeader(dir)).toThrow(
      `Expected 1 for \`format\` but received 2 (${join(dir, 'run.json')}). ` +
        'Another version of normfree wrote it: read it with that.',
    )
  })

  it('refuses text that is not JSON, naming the file', () => {
    const dir = written('{"format": 1, "id"')
    expect(() => readHeader(dir)).toThrow(join(dir, 'run.json'))
  })

  it.each([
    [{ seed: 'zero' }, '`seed`', '"zero"'],
    [{ model: { name: 'm' } }, '`parameters`', 'nothing'],
    [{ config: [] }, '`config`', '[]'],
    [{ environment: { threads: true } }, '`threads`', 'true'],
  ])('names the field that is wrong in %j', (changes, field, received) => {
    const dir = written(JSON.stringify({ ...headerOf(), ...changes }))
    expect(() => readHeader(dir)).toThrow(field)
    expect(() => readHeader(dir)).toThrow(`but received ${received}`)
  })

  it('marks its errors as the mistake of the user', () => {
    expect(new RunRecordError('text')).toMatchObject({ name: 'RunRecordError', exitCode: 2 })
  })
})
