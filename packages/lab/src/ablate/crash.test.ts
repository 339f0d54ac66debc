import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folderForTests } from '../folder.test.util.ts'
import { crashLog, deathOf, forgetCrash, hasCrashed, keepCrash } from './crash.ts'

const folder = folderForTests()

describe('deathOf', () => {
  it('names the signal or the exit code, and what the process wrote last', () => {
    expect(deathOf({ code: null, signal: 'SIGSEGV' }, [])).toBe('killed by SIGSEGV')
    expect(deathOf({ code: 3, signal: null }, ['first', ' second ', ''])).toBe(
      'its process ended with exit code 3: second',
    )
  })

  it('prefers the line in which C++ or V8 say what happened to the stack behind it', () => {
    const cpp = ["terminate called after throwing 'c10::Error'", '  what():  no memory', 'frame #0']
    expect(deathOf({ code: null, signal: 'SIGABRT' }, cpp)).toMatch(/: what\(\): {2}no memory$/)
    const v8 = ['<--- Last few GCs --->', 'FATAL ERROR: heap out of memory', ' 1: 0xb8 node::Abort']
    expect(deathOf({ code: null, signal: 'SIGABRT' }, v8)).toMatch(/ERROR: heap out of memory$/)
  })
})

describe('the log of a crash', () => {
  it('is there from the crash until it is forgotten', () => {
    const dir = join(folder, 'run')
    keepCrash(dir, 'why', ['a', 'b'])
    expect(readFileSync(crashLog(dir), 'utf8')).toMatch(/^\d{4}-.*Z\nwhy\na\nb\n$/)
    expect(hasCrashed(dir)).toBe(true)
    forgetCrash(dir)
    expect(hasCrashed(dir)).toBe(false)
  })

  it('is done without where it cannot be written', () => {
    const dir = join(folder, 'absent', 'run')
    keepCrash(dir, 'why', [])
    expect(hasCrashed(dir)).toBe(false)
  })
})
