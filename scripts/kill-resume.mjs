// `npm run kill-resume`: proof that a killed run loses nothing. A tiny run is killed (SIGKILL) at
// random moments, some of them while a checkpoint is being written, and resumed until it is done; its
// weights must then be, bit for bit, and its metrics, but for seconds, those of a run left in peace.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readFlags } from './flags.mjs'
import { root, setup } from './setup.mjs'

const help = `Usage: npm run kill-resume -- [--kills N] [--seed N]

  --kills N   how often a run is killed (default 20)
  --seed N    of the moments (default 0)
  --help      print this

Prints a line for each kill, and a verdict; the exit code is 1 when anything differs.
`
const WORKER = join(root, 'scripts/kill-resume/worker.mjs')

/** When a process is killed: what it waits for, counted from its start, and how long after that. */
/** @typedef {{ on: 'start' | 'step' | 'write', count: number, delay: number }} Moment */

/** @param {number} seed @returns {() => number} numbers in [0, 1): mulberry32 */
function randomNumbers(seed) {
  let state = Math.imul(seed + 1, 0x9e3779b1)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A third each: while it starts or resumes, after some step, as a checkpoint is written. */
/** @param {() => number} random @returns {Moment} */
function chooseMoment(random) {
  const kind = random()
  if (kind < 1 / 3) return { on: 'start', count: 0, delay: random() * 500 }
  if (kind < 2 / 3) return { on: 'step', count: 1 + Math.floor(random() * 8), delay: random() * 30 }
  return { on: 'write', count: 1 + Math.floor(random() * 3), delay: random() * 2 }
}

/**
 * Starts or resumes the run in `dir`, and kills it at `moment` unless it is done before.
 *
 * @param {string} dir @param {Moment} [moment]
 * @returns {Promise<{ done: boolean, step: number }>} the last step that it told of
 */
async function runUntil(dir, moment) {
  const env = { ...process.env, OMP_NUM_THREADS: '1' }
  const child = spawn(process.execPath, [WORKER, dir], { cwd: root, env })
  let [output, errors] = ['', '']
  let [steps, writes, step] = [0, 0, 0]
  const reached = (/** @type {Moment['on']} */ on, /** @type {number} */ count) => {
    if (moment?.on === on && moment.count === count)
      void sleep(moment.delay).then(() => child.kill('SIGKILL'))
  }
  // Whole before anything is in it, or the watch would miss the first file.
  mkdirSync(join(dir, 'checkpoints'), { recursive: true })
  const drafts = new Set()
  const watcher = watch(join(dir, 'checkpoints'), (_, name) => {
    if (!name?.endsWith('.tmp') || drafts.has(name)) return
    drafts.add(name)
    reached('write', ++writes)
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    errors += text
  })
  child.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
    output += text
    for (const [line, told] of text.matchAll(/ready|step (\d+)/g)) {
      if (line === 'ready') reached('start', 0)
      else {
        step = Number(told)
        reached('step', ++steps)
      }
    }
  })
  const code = await new Promise(resolve => child.on('close', resolve))
  watcher.close()
  if (code !== null && (code !== 0 || !output.endsWith('completed\n')))
    throw new Error(`the run ended with ${code}: ${output.slice(-200)}${errors}`)
  return { done: code === 0, step }
}

/** What two equal runs have in common. @param {string} dir */
function contentOf(dir) {
  const lines = readFileSync(join(dir, 'metrics.jsonl'), 'utf8').trimEnd().split('\n')
  const metrics = lines
    .map(line => JSON.parse(line))
    .filter(({ kind }) => kind !== 'event')
    .map(line => JSON.stringify({ ...line, seconds: 0, imagesPerSecond: 0, waitShare: 0 }))
  return { weights: readFileSync(join(dir, 'weights.safetensors')), metrics }
}

/** @param {ReturnType<typeof contentOf>} run @param {ReturnType<typeof contentOf>} whole */
function differences(run, whole) {
  const other = whole.metrics.findIndex((line, i) => line !== run.metrics[i])
  return [
    ...(run.weights.equals(whole.weights) ? [] : ['the weights differ']),
    ...(run.metrics.length === whole.metrics.length
      ? []
      : [`${run.metrics.length} metric lines, not ${whole.metrics.length}`]),
    ...(other < 0 ? [] : [`metric line ${other + 1} differs`]),
  ]
}

/**
 * Kills runs `kills` times in all, resumes each until it is done, and compares it with one that was
 * left in peace.
 *
 * @param {{ kills: number, seed: number, log?: (line: string) => void }} options
 * @returns {Promise<string[]>} what differs; nothing when all is well
 */
export async function killAndResume({ kills, seed, log = () => {} }) {
  const folder = mkdtempSync(join(tmpdir(), 'normfree-kill-'))
  try {
    const whole = join(folder, 'whole')
    await runUntil(whole)
    const expected = contentOf(whole)
    const random = randomNumbers(seed)
    const found = []
    for (let done = 0, runs = 1; done < kills; runs++) {
      const dir = join(folder, `killed-${runs}`)
      for (let ended = false; !ended; ) {
        const moment = done < kills ? chooseMoment(random) : undefined
        const result = await runUntil(dir, moment)
        ended = result.done
        if (!ended) log(describe(++done, runs, moment, result.step, dir))
      }
      const differing = differences(contentOf(dir), expected)
      const left = readdirSync(join(dir, 'checkpoints')).filter(name => name.endsWith('.tmp'))
      const problems = [...differing, ...left.map(name => `${name} was left behind`)]
      log(`run ${runs}: ${problems.join(', ') || 'as if it had not been killed'}`)
      found.push(...problems.map(problem => `run ${runs}: ${problem}`))
    }
    log(`compared: ${expected.weights.length} bytes of weights, ${expected.metrics.length} lines`)
    return found
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {number} kill @param {number} run @param {Moment | undefined} moment @param {number} step @param {string} dir */
function describe(kill, run, moment, step, dir) {
  const when = {
    start: `${moment?.delay.toFixed(0)} ms after its start`,
    step: `${moment?.delay.toFixed(0)} ms after its step number ${moment?.count}`,
    write: `${moment?.delay.toFixed(1)} ms into checkpoint number ${moment?.count}`,
  }[moment?.on ?? 'start']
  const drafts = readdirSync(join(dir, 'checkpoints')).filter(name => name.endsWith('.tmp')).length
  const torn = drafts > 0 ? ', a checkpoint half-written' : ''
  return `kill ${kill}: run ${run}, ${when}, after step ${step || 'none'}${torn}`
}

/** @param {string[]} args @returns {Promise<number>} the exit code */
async function main(args) {
  const { kills, seed } = readFlags(help, { kills: 20, seed: 0 }, args)
  const failed = await setup({ quiet: true })
  if (failed) return failed
  const found = await killAndResume({ kills, seed, log: console.log })
  console.log(
    found.length > 0
      ? found.join('\n')
      : `${kills} kills: nothing lost, nothing doubled, no bit differs`,
  )
  return found.length > 0 ? 1 : 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2))
}
