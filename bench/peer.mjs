// A measured program in a process of its own: it prints `ready {json}` once, then for every line
// `N` that it reads it does N units of work and prints the seconds that took. Peers and our own code
// speak the same way, so that neither profits from the process of the other.
import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

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

/** Starts peers/NAME.mjs, which is ours, and peers/NAME.py beside it. */
export async function startPair(name, args, env) {
  const python = requirePython()
  const ours = await startPeer(process.execPath, [peerScript(`${name}.mjs`), ...args], env)
  return [ours, await startPeer(python, [peerScript(`${name}.py`), ...args], env)]
}

/** The path of a file in peers/. */
export const peerScript = name => fileURLToPath(new URL(`peers/${name}`, import.meta.url))

/**
 * The first python that imports `module`; NORMFREE_BENCH_PYTHON names one. Without any, the process
 * ends with 2.
 */
export function requirePython(module = 'torch') {
  const candidates = [process.env.NORMFREE_BENCH_PYTHON, 'python3', '/usr/bin/python3']
  const found = candidates.find(
    python => python && spawnSync(python, ['-c', `import ${module}`]).status === 0,
  )
  if (found) return found
  console.error(
    `Expected a Python with ${module} beside which to measure but found none. Install it, or set NORMFREE_BENCH_PYTHON to one.`,
  )
  return process.exit(2)
}
