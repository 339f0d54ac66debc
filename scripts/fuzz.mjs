// `npm run fuzz`: hostile safetensors, npy, npz and pt files by the hundred thousand. Each must be
// read, or refused by a FileFormatError, within a second and some memory. The cases run in processes
// of their own, so that one that kills its process is found and saved like any other.
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readFlags } from './flags.mjs'
import { root, setup } from './setup.mjs'

/**
 * @typedef {{ number: number, format: string, problem: string }} Failure
 * @typedef {{ counts: Record<string, number>, failures: Failure[] }} Batch
 */

const help = `Usage: npm run fuzz -- [--runs N] [--seed N]

  --runs N   mutated files (default 100000)
  --seed N   number of the first case (default 0): a case is its number
  --help     print this

Failures are saved in build/fuzz; the exit code is then 1.
`
/** Cases a process: a crash loses the counts of what ran before it in the same process. */
const BATCH = 5000
const BATCH_SECONDS = 600
const failuresFolder = join(root, 'build/fuzz')

/** @param {string[]} args @returns {Promise<number>} the exit code */
async function main(args) {
  const { runs, seed, batch } = readFlags(help, { runs: 100_000, seed: 0, batch: '' }, args)
  if (batch) return await runBatch(batch, seed, runs)
  const code = await setup({ quiet: true })
  return code || runAll(seed, runs)
}

/** @param {number} seed @param {number} runs @returns {number} the exit code */
function runAll(seed, runs) {
  const start = performance.now()
  /** @type {Batch} */
  const all = { counts: {}, failures: [] }
  const folder = mkdtempSync(join(tmpdir(), 'normfree-fuzz-'))
  try {
    for (let number = seed; number < seed + runs; ) {
      const count = Math.min(BATCH, seed + runs - number)
      number = spawnBatch(folder, number, count, all)
      process.stderr.write(`\r${number - seed} of ${runs}`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  process.stderr.write('\r')
  return report(all, seed, runs, (performance.now() - start) / 1000)
}

/**
 * Runs cases in a process, and takes note of what killed it.
 *
 * @param {string} folder @param {number} first @param {number} count @param {Batch} all
 * @returns {number} the case to go on with
 */
function spawnBatch(folder, first, count, all) {
  const args = [fileURLToPath(import.meta.url), '--batch', folder, '--seed', `${first}`]
  const { signal, status, stderr } = spawnSync(process.execPath, [...args, '--runs', `${count}`], {
    timeout: BATCH_SECONDS * 1000,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    env: { ...process.env, OMP_NUM_THREADS: '1' },
  })
  const results = join(folder, 'results.json')
  if (status === 0 && existsSync(results)) {
    /** @type {Batch} */
    const batch = JSON.parse(readFileSync(results, 'utf8'))
    rmSync(results)
    all.failures.push(...batch.failures)
    for (const [key, value] of Object.entries(batch.counts))
      all.counts[key] = (all.counts[key] ?? 0) + value
    return first + count
  }
  const number = readFileSync(join(folder, 'number')).readUInt32LE()
  saveCase(folder, number)
  const problem = `ended its process (${signal ?? status}) ${stderr.trim().split('\n').at(-1)}`
  all.failures.push({ number, format: 'unknown', problem })
  return number + 1
}

/** @param {Batch} all @param {number} seed @param {number} runs @param {number} seconds */
function report({ counts, failures }, seed, runs, seconds) {
  for (const { number, format, problem } of failures)
    console.log(`case ${number} (${format}) ${problem}`)
  const formats = ['safetensors', 'npy', 'npz', 'pt'].map(format => {
    const [read, refused] = ['read', 'refused'].map(result => counts[`${format} ${result}`] ?? 0)
    return `${format} ${read} read, ${refused} refused`
  })
  console.log(formats.join('; '))
  console.log(
    `${runs} files from case ${seed} in ${seconds.toFixed(0)} s: ${failures.length} failures`,
  )
  return failures.length ? 1 : 0
}

/**
 * In the process of a batch: reads its cases and writes down what came of them.
 *
 * @param {string} folder @param {number} first @param {number} count
 * @returns {Promise<number>} the exit code
 */
async function runBatch(folder, first, count) {
  const module = new URL('../packages/torch/dist/files/fuzz.test.util.js', import.meta.url)
  const { Fuzzer } = await import(module.href)
  const fuzzer = new Fuzzer(folder)
  /** @type {Batch} */
  const batch = { counts: {}, failures: [] }
  const current = openSync(join(folder, 'number'), 'w')
  const field = Buffer.alloc(4)
  for (let number = first; number < first + count; number++) {
    field.writeUInt32LE(number)
    writeSync(current, field, 0, 4, 0)
    const { format, result, problem } = fuzzer.run(number)
    const key = `${format} ${result}`
    batch.counts[key] = (batch.counts[key] ?? 0) + 1
    if (problem === undefined) continue
    batch.failures.push({ number, format, problem })
    saveCase(folder, number)
  }
  closeSync(current)
  writeFileSync(join(folder, 'results.json'), JSON.stringify(batch))
  return 0
}

/** @param {string} folder @param {number} number */
function saveCase(folder, number) {
  mkdirSync(failuresFolder, { recursive: true })
  copyFileSync(join(folder, 'case.bin'), join(failuresFolder, `${number}.bin`))
}

process.exitCode = await main(process.argv.slice(2))
