// A measured program in a process of its own: it prints `ready {json}` once, then for every line
// `N` that it reads it does N units of work and prints the seconds that took. Peers and our own code
// speak the same way, so that neither profits from the process of the other.
import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Starts `command`; resolves once it is ready, with what it said about itself. */
export async function startPeer(command, args, env = {}) {
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const nextLine = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${command} ${args.join(' ')} ended before it answered`)
    return value
  }
  const about = JSON.parse((await nextLine()).replace(/^ready /, ''))
  return {
    about,
    /** Seconds for `units` of work. */
    async run(units) {
      child.stdin.write(`${units}\n`)
      return Number(await nextLine())
    },
    stop: () => child.stdin.end(),
  }
}

/** The first python that imports torch, or null. NORMFREE_BENCH_PYTHON names one. */
export function findPython() {
  const candidates = [process.env.NORMFREE_BENCH_PYTHON, 'python3', '/usr/bin/python3']
  return (
    candidates.find(python => python && spawnSync(python, ['-c', 'import torch']).status === 0) ??
    null
  )
}
