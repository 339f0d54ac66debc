import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SetupError } from '../../scripts/setup/error.mjs'
import { ensureFastBlas } from '../../scripts/setup/libtorch.mjs'
import { withLock } from '../../scripts/setup/lock.mjs'
import { installPackages, isInstalled } from '../../scripts/setup/packages.mjs'
import { checkNode, checkTools } from '../../scripts/setup/tools.mjs'
import { compileTypeScript } from '../../scripts/setup/typescript.mjs'
import { runSteps } from '../../scripts/setup.mjs'
import { inventMachine } from './machine.mjs'

/** @type {string} */
let root
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'normfree-setup-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** @param {string} path @param {string | object} content */
function write(path, content) {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
}

/** @param {Parameters<typeof inventMachine>[0]['run']} run @param {Record<string, string>} [env] */
function contextOf(run, env = {}) {
  const { probes, commands, said } = inventMachine({ run, env })
  return { commands, said, context: { root, log: join(root, 'log'), ...probes } }
}

describe('checkTools', () => {
  /** @param {string} line */
  const tools = line => {
    if (line === 'cmake --version') return { stdout: 'cmake version 3.25.1\n' }
    return /^(g\+\+|ninja) /.test(line) ? {} : undefined
  }

  it('takes the first compiler that accepts C++17, and ninja where it is there', () => {
    const { context } = contextOf(tools)
    expect(checkTools(context)).toMatchObject({ changed: false })
    expect(context).toMatchObject({ compiler: 'g++', ninja: true })
  })

  it('names CMake and how to get it when it is missing', () => {
    const { context } = contextOf(line => (line.startsWith('cmake') ? undefined : {}))
    expect(() => checkTools(context)).toThrow(
      /Expected CMake >= 3\.18 .*none[\s\S]*apt-get install cmake/,
    )
  })

  it('refuses a CMake that is too old by its version', () => {
    const { context } = contextOf(() => ({ stdout: 'cmake version 3.10.2\n' }))
    expect(() => checkTools(context)).toThrow(/found 3\.10\.2/)
  })

  it('does not look past the compiler that CXX names', () => {
    const { context } = contextOf(tools, { CXX: 'clang++-99' })
    expect(() => checkTools(context)).toThrow(/none of clang\+\+-99 is one/)
  })

  it('refuses a Node older than 20.19', () => {
    expect(() => checkNode('20.18.3')).toThrow(/Expected Node >= 20\.19 but received 20\.18\.3/)
    expect(checkNode('22.0.0')).toBe('22.0.0')
  })
})

describe('installPackages', () => {
  const entry = { version: '1.0.0', integrity: 'sha512-a' }
  const otherPlatform = { ...entry, optional: true }
  const lock = {
    packages: {
      '': {},
      'packages/x': {},
      'node_modules/a': entry,
      'node_modules/a-win32': otherPlatform,
    },
  }

  it('finds what npm installed, without packages for other platforms, up to date', () => {
    write('package-lock.json', lock)
    write('node_modules/.package-lock.json', { packages: { 'node_modules/a': entry } })
    write('node_modules/a/package.json', '{}')
    const { context, commands } = contextOf(() => ({}))
    expect(installPackages(context)).toEqual({ changed: false })
    expect(commands).toEqual([])
  })

  it('installs when a version differs, a package is gone, or an install was cut short', () => {
    write('package-lock.json', lock)
    write('node_modules/a/package.json', '{}')
    expect(isInstalled(root)).toBe(false)
    const other = { ...entry, version: '0.9.0' }
    write('node_modules/.package-lock.json', { packages: { 'node_modules/a': other } })
    expect(isInstalled(root)).toBe(false)
    write('node_modules/.package-lock.json', { packages: { 'node_modules/a': entry } })
    rmSync(join(root, 'node_modules/a'), { recursive: true })
    expect(isInstalled(root)).toBe(false)
  })

  it('runs no install scripts, and says what npm said when it fails', () => {
    write('package-lock.json', lock)
    const { context, commands } = contextOf(() => ({
      status: 1,
      stderr: 'npm warn x\nnpm error code ENOTFOUND\n',
    }))
    expect(() => installPackages(context)).toThrow(/npm ci failed: npm error code ENOTFOUND/)
    expect(commands[0]).toMatch(/^npm ci --ignore-scripts/)
  })
})

describe('ensureFastBlas', () => {
  const libtorch = /** @type {any} */ ({ libDir: '/usr/lib/x86_64-linux-gnu' })

  it('leaves OpenBLAS alone', () => {
    const { context, commands } = contextOf(() => ({}))
    const realpath = () => '/usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3'
    expect(ensureFastBlas(libtorch, context, realpath)).toBe(false)
    expect(commands).toEqual([])
  })

  it('names the remedy where the reference BLAS cannot be replaced', () => {
    const { context, said } = contextOf(() => ({ status: 100 }))
    const realpath = () => '/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0'
    expect(ensureFastBlas(libtorch, context, realpath)).toBe(false)
    expect(said[0]).toMatch(/reference BLAS.*libopenblas0-pthread/)
  })
})

describe('compileTypeScript', () => {
  beforeEach(() => {
    for (const file of ['package-lock.json', 'tsconfig.json', 'tsconfig.base.json']) write(file, {})
    write('packages/x/src/a.ts', 'export {}')
  })

  it('starts tsc only when a source or an output changed', () => {
    const { context, commands } = contextOf(() => {
      write('packages/x/dist/a.js', '')
      return {}
    })
    expect(compileTypeScript(context).changed).toBe(true)
    expect(compileTypeScript(context).changed).toBe(false)
    write('packages/x/src/a.ts', 'export const b = 1')
    expect(compileTypeScript(context).changed).toBe(true)
    rmSync(join(root, 'packages/x/dist/a.js'))
    expect(compileTypeScript(context).changed).toBe(true)
    expect(commands).toHaveLength(3)
  })

  it('shows the compiler errors and is not up to date after them', () => {
    const failing = contextOf(() => ({ status: 1, stdout: 'a.ts(1,1): error TS1: no\n' })).context
    expect(() => compileTypeScript(failing)).toThrow(/found 1 errors:\na\.ts\(1,1\): error TS1: no/)
    expect(() => compileTypeScript(failing)).toThrow(SetupError)
  })
})

describe('runSteps', () => {
  it('stops at the first failure and names the step, the cause, the remedy and the log', () => {
    const printed = vi.spyOn(console, 'error').mockReturnValue()
    const failing = () => {
      throw new SetupError({ cause: 'it broke.', remedy: 'Mend it.' })
    }
    const later = vi.fn()
    const steps = [
      { name: 'first', run: failing },
      { name: 'later', run: later },
    ]
    const { context } = contextOf(() => ({}))
    expect(runSteps(steps, context, () => {})).toBe(2)
    expect(later).not.toHaveBeenCalled()
    expect(printed.mock.calls.flat().join('\n')).toMatch(/`first`: it broke\.\nMend it\.\n.*log/)
    printed.mockRestore()
  })
})

describe('runSteps: what cannot be written', () => {
  it('is named in one sentence with its remedy, without a stack', () => {
    const printed = vi.spyOn(console, 'error').mockReturnValue()
    const full = () => {
      throw Object.assign(new RangeError('ENOSPC: no space left on device, write'), {
        code: 'ENOSPC',
        path: '/tree/build/x',
      })
    }
    const { context } = contextOf(() => ({}))
    expect(runSteps([{ name: 'addon', run: full }], context, () => {})).toBe(2)
    const text = printed.mock.calls.flat().join('\n')
    printed.mockRestore()
    expect(text).toMatch(/write \/tree\/build\/x but could not \(ENOSPC: no space left on device\)/)
    expect(text).not.toContain('    at ')
  })
})

describe('withLock', () => {
  const lock = () => join(root, 'setup.lock')

  it('lets one owner in at a time', async () => {
    const events = /** @type {string[]} */ ([])
    const slow = withLock(
      lock(),
      async () => {
        events.push('first in')
        await new Promise(done => setTimeout(done, 300))
        events.push('first out')
      },
      () => {},
    )
    await withLock(
      lock(),
      async () => void events.push('second in'),
      text => events.push(text),
    )
    await slow
    expect(events).toEqual([
      'first in',
      `waiting for another set-up (process ${process.pid})`,
      'first out',
      'second in',
    ])
  })

  it('takes over the lock of a process that is gone', async () => {
    const dead = { pid: 2 ** 22 + 1, host: hostname(), started: '1' }
    writeFileSync(lock(), JSON.stringify(dead))
    expect(
      await withLock(
        lock(),
        async () => 'ran',
        () => {},
      ),
    ).toBe('ran')
  })

  it('is given back when the work fails', async () => {
    const fail = async () => {
      throw new SetupError({ cause: 'no', remedy: '' })
    }
    await expect(withLock(lock(), fail, () => {})).rejects.toThrow('no')
    expect(existsSync(lock())).toBe(false)
  })
})
