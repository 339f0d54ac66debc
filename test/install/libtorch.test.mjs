import { describe, expect, it } from 'vitest'
import { explain, LibTorchError, locate, places } from '../../packages/torch/libtorch.mjs'
import { inventMachine, libtorchFiles } from './machine.mjs'

const debian = libtorchFiles('/usr', '1.13.0', { lib: 'lib/x86_64-linux-gnu' })
const site = '/opt/python/site-packages/torch'
const venv = '/home/someone/.cache/normfree/torch-venv'

/** @param {string} line */
const pythonWithTorch = line =>
  line.startsWith('python3 -c') ? { stdout: `${site}\n` } : undefined

/** @param {() => unknown} act @returns {LibTorchError} */
function errorOf(act) {
  try {
    act()
  } catch (error) {
    return /** @type {LibTorchError} */ (error)
  }
  throw new TypeError('nothing was thrown')
}

describe('locate: what the user asks for', () => {
  it('takes the folder of LIBTORCH before a system install', () => {
    const files = { ...debian, ...libtorchFiles('/opt/libtorch', '2.4.1') }
    const { probes } = inventMachine({ files, env: { LIBTORCH: '/opt/libtorch' } })
    expect(locate(probes)).toMatchObject({
      source: 'LIBTORCH',
      version: '2.4.1',
      libDir: '/opt/libtorch/lib',
    })
  })

  it('fails in one line when LIBTORCH holds none, though the system has one', () => {
    const { probes } = inventMachine({ files: debian, env: { LIBTORCH: '/nowhere' } })
    const { message, exitCode } = errorOf(() => locate(probes, { install: true }))
    expect(message).toMatch(/where `LIBTORCH` points but \/nowhere has no LibTorch headers/)
    expect(message).not.toContain('\n')
    expect(exitCode).toBe(2)
  })

  it('takes the PyTorch of python3 before a system install with LIBTORCH_USE_PYTORCH=1', () => {
    const files = { ...debian, ...libtorchFiles(site, '2.6.0') }
    const env = { LIBTORCH_USE_PYTORCH: '1' }
    const { probes } = inventMachine({ files, env, run: pythonWithTorch })
    expect(locate(probes)).toMatchObject({ source: 'LIBTORCH_USE_PYTORCH', path: site })
  })

  it('fails when LIBTORCH_USE_PYTORCH=1 and python3 has no torch', () => {
    const run = () => ({ stdout: '\n' })
    const { probes } = inventMachine({ files: debian, env: { LIBTORCH_USE_PYTORCH: '1' }, run })
    expect(() => locate(probes)).toThrow(/`python3` has no torch/)
  })
})

describe('locate: what is installed', () => {
  it("finds Debian's package, with its libraries in the multiarch folder", () => {
    const { probes, commands } = inventMachine({ files: debian })
    expect(locate(probes)).toMatchObject({
      source: 'system',
      libDir: '/usr/lib/x86_64-linux-gnu',
      includeDirs: ['/usr/include', '/usr/include/torch/csrc/api/include'],
      cxx11Abi: 1,
      cxxStandard: 17,
    })
    expect(commands).toEqual([])
  })

  it('prefers /usr/local to /usr', () => {
    const files = { ...debian, ...libtorchFiles('/usr/local', '2.1.0') }
    expect(locate(inventMachine({ files }).probes).path).toBe('/usr/local')
  })

  it('falls back to the PyTorch of python3 when the system has none', () => {
    const files = libtorchFiles(site, '2.6.0')
    const { probes } = inventMachine({ files, run: pythonWithTorch })
    expect(locate(probes)).toMatchObject({ source: 'python', version: '2.6.0' })
  })

  it('passes over a system LibTorch that is too old', () => {
    const files = { ...libtorchFiles('/usr', '1.8.1'), ...libtorchFiles(site, '2.6.0') }
    const { probes } = inventMachine({ files, run: pythonWithTorch })
    expect(locate(probes).source).toBe('python')
  })

  it('finds what an earlier set-up installed, but not what it left half done', () => {
    const torch = `${venv}/lib/python3.11/site-packages/torch`
    const files = { ...libtorchFiles(torch, '2.6.0'), [`${venv}/normfree-finished`]: '' }
    /** @param {string} line */
    const run = line => (line.startsWith(`${venv}/bin/python`) ? { stdout: torch } : undefined)
    expect(locate(inventMachine({ files, run }).probes).source).toBe('private')
    const halfDone = inventMachine({ files: libtorchFiles(torch, '2.6.0'), run })
    expect(() => locate(halfDone.probes)).toThrow(LibTorchError)
  })
})

describe('locate: how a LibTorch was compiled', () => {
  /** @param {Parameters<typeof libtorchFiles>[2]} layout */
  const found = layout => {
    const files = libtorchFiles('/opt/libtorch', '2.15.0', layout)
    return locate(inventMachine({ files, env: { LIBTORCH: '/opt/libtorch' } }).probes)
  }

  it('reads the version where 2.9 and later keep it', () => {
    const header = 'include/torch/headeronly/version.h'
    expect(found({ header }).version).toBe('2.15.0')
  })

  it('asks for C++20 where the headers do', () => {
    expect(found({ guard: '#if __cplusplus < 202002L\n#error' }).cxxStandard).toBe(20)
  })

  it('keeps the old C++ ABI of old wheels', () => {
    const cmake = 'set(TORCH_CXX_FLAGS "-D_GLIBCXX_USE_CXX11_ABI=0")'
    expect(found({ cmake }).cxx11Abi).toBe(0)
  })
})

describe('locate: the guard of the version', () => {
  const files = libtorchFiles('/opt/old', '1.12.1')

  it('names the version, the folder and what is supported', () => {
    const { probes } = inventMachine({ files, env: { LIBTORCH: '/opt/old' } })
    expect(() => locate(probes)).toThrow(
      /LibTorch 1\.12\.1 in \/opt\/old is too old: 1\.13 or newer is supported/,
    )
  })

  it('lets it pass with NORMFREE_LIBTORCH_VERSION_CHECK=0', () => {
    const env = { LIBTORCH: '/opt/old', NORMFREE_LIBTORCH_VERSION_CHECK: '0' }
    expect(locate(inventMachine({ files, env }).probes).version).toBe('1.12.1')
  })
})

describe('locate: installing', () => {
  const aptMachine = { '/etc/debian_version': '12.1' }

  it('changes nothing unless it is allowed to', () => {
    const { probes, commands } = inventMachine({ files: aptMachine, uid: 0 })
    expect(() => locate(probes)).toThrow(/only the set-up installs/)
    expect(commands.filter(line => /apt|pip|venv/.test(line))).toEqual([])
  })

  it('updates the package lists once when apt does not know the package, then installs it', () => {
    const machine = inventMachine({ files: { ...aptMachine }, uid: 0, run: apt })
    let updated = false
    /** @param {string} line */
    function apt(line) {
      if (line === 'apt-get update') updated = true
      if (line.startsWith('apt-cache')) {
        return { stdout: updated ? '  Candidate: 1.13.1+dfsg-4\n' : '' }
      }
      if (line.startsWith('apt-get install')) Object.assign(machine.files, debian)
      return line.startsWith('apt') ? {} : undefined
    }
    expect(locate(machine.probes, { install: true })).toMatchObject({ source: 'apt', path: '/usr' })
    const installs = machine.commands.filter(line => line.startsWith('apt-get install'))
    expect(installs).toHaveLength(1)
    expect(installs[0]).toMatch(/--no-install-recommends .*libtorch-dev libopenblas0-pthread$/)
    expect(machine.said[0]).toMatch(/libtorch-dev 1\.13\.1 by apt \(131 MB/)
  })

  it('leaves apt alone as another user, and says so', () => {
    const { probes, commands } = inventMachine({ files: aptMachine, uid: 1000 })
    const { message } = errorOf(() => locate(probes, { install: true }))
    expect(message).toMatch(/libtorch-dev, installed by apt: not run as root/)
    expect(commands.filter(line => line.startsWith('apt'))).toEqual([])
  })

  it('goes on to pip where apt only has one that is too old, and says how large that is', () => {
    const torch = `${venv}/lib/python3.11/site-packages/torch`
    /** @param {string} line */
    const run = line => {
      if (line.startsWith('apt-cache')) return { stdout: 'Candidate: 1.8.1-5ubuntu1' }
      if (line.startsWith('python3 -m venv')) return {}
      if (line.includes('pip install')) Object.assign(machine.files, libtorchFiles(torch, '2.15.0'))
      return line.startsWith(venv) ? { stdout: torch } : undefined
    }
    const machine = inventMachine({ files: { ...aptMachine }, uid: 0, run })
    expect(locate(machine.probes, { install: true })).toMatchObject({ source: 'pip', path: torch })
    expect(machine.said[0]).toMatch(/3 GB, 5\.2 GB on disk/)
    expect(machine.commands.some(line => line.startsWith('apt-get install'))).toBe(false)
  })

  it('says what pip said last when it fails, and does not mark the environment as finished', () => {
    /** @param {string} line */
    const run = line => {
      if (line.startsWith('python3 -m venv')) return {}
      return line.includes('pip install')
        ? { status: 1, stderr: 'x\nERROR: No matching distribution found for torch\n' }
        : undefined
    }
    const { probes, commands } = inventMachine({ run })
    expect(() => locate(probes, { install: true })).toThrow(/No matching distribution found/)
    expect(commands.some(line => line.includes('normfree-finished'))).toBe(false)
  })
})

describe('explain', () => {
  it('gives every place of the table its line with a reason, in order, and every remedy', () => {
    const { tried, message } = errorOf(() => locate(inventMachine().probes, { install: true }))
    expect(tried.map(({ id }) => id)).toEqual(places.map(({ id }) => id))
    expect(tried.every(({ reason }) => reason.length > 0)).toBe(true)
    for (const { remedy } of places) if (remedy) expect(message).toContain(`  - ${remedy}`)
    expect(message).toBe(explain(tried))
  })
})
