// `npm run leaks`: a workload under LeakSanitizer, which looks through memory when the process ends
// for blocks that nothing points to any more. It comes with GCC and is loaded into Node as it is;
// nothing is built anew. Node, V8 and LibTorch lose nothing when they start, so any finding counts.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readFlags } from './flags.mjs'
import { root, setup } from './setup.mjs'

const help = `Usage: npm run leaks -- [--steps N]

  --steps N   rounds of the workload in scripts/leaks/workload.mjs (default 20)
  --help      print this

Prints what was lost and where it was allocated; the exit code is then 1.
`
/** What LeakSanitizer exits with when it found something. */
const FOUND = 23

/** @returns {string | undefined} */
function findSanitizer() {
  const { stdout } = spawnSync('gcc', ['-print-file-name=liblsan.so'], { encoding: 'utf8' })
  return stdout && existsSync(stdout.trim()) ? stdout.trim() : undefined
}

/** @param {string[]} args @returns {Promise<number>} the exit code */
async function main(args) {
  const { steps } = readFlags(help, { steps: 20 }, args)
  const sanitizer = findSanitizer()
  if (!sanitizer) {
    console.error('Expected LeakSanitizer (liblsan), a part of GCC on Linux, but found none.')
    return 2
  }
  return (await setup({ quiet: true })) || watch(sanitizer, steps)
}

/** @param {string} sanitizer @param {number} steps @returns {number} the exit code */
function watch(sanitizer, steps) {
  const workload = join(root, 'scripts/leaks/workload.mjs')
  const { status, stdout, stderr } = spawnSync(process.execPath, [workload, `${steps}`], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: {
      ...process.env,
      LD_PRELOAD: sanitizer,
      LSAN_OPTIONS: `exitcode=${FOUND}`,
      OMP_NUM_THREADS: '1',
    },
  })
  console.log(stdout.trim())
  const found = status === FOUND
  console.log(found || status !== 0 ? stderr.trim() : 'nothing lost')
  return status === 0 ? 0 : 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2))
}
