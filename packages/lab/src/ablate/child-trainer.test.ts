import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parsePlan } from '../config/plan.ts'
import { folderForTests } from '../folder.test.util.ts'
import { childTrainer } from './child-trainer.ts'
import { crashLog } from './crash.ts'
import { ownerOf } from './lock.ts'
import { runState } from './plan-state.ts'
import { type PlanEvent, type RunPlanOptions, runPlan } from './run-plan.ts'

const folder = folderForTests()
const newFolder = () => mkdtempSync(join(folder, 'children-'))
const entry = new URL('./stub-child.test.util.js', import.meta.url)
const train = childTrainer({ threads: 1, entry })

/** Carries out a plan of runs that behave as their names say (stub-child), and notes what happens. */
function carryOut(names: readonly string[], options: Partial<RunPlanOptions> = {}) {
  const plan = parsePlan({
    name: 'p',
    base: { model: 'resnet20' },
    runs: names.map((name, index) => ({ name, epochs: index + 2 })),
  })
  const events: PlanEvent[] = []
  const onEvent = (event: PlanEvent) => {
    events.push(event)
    options.onEvent?.(event)
  }
  const all = { outDir: newFolder(), train, command: 'c', ...options, onEvent }
  return { events, outDir: all.outDir, plan, done: runPlan(plan, all) }
}

/** Each event in short, e.g. `runStart ok`. */
const told = (events: readonly PlanEvent[]) =>
  events.map(event =>
    event.kind === 'runProgress'
      ? `${event.event.kind} ${event.run.name}`
      : `${event.kind} ${event.run.name}`,
  )

describe('a plan with a process for each run', () => {
  it('goes on after runs whose processes die, and says how each of them did', async () => {
    const names = ['fault', 'killed', 'exit', 'throw', 'unhandled', 'ok']
    const { done } = carryOut(names)
    const { status, runs } = await done
    expect(status).toBe('crashed')
    expect(runs.map(({ summary: { status, message } }) => `${status}: ${message}`)).toEqual([
      'crashed: killed by SIGSEGV: native code: bad address',
      'crashed: killed by SIGKILL, as the system does when memory runs out',
      'crashed: its process ended with exit code 3',
      'crashed: Expected this alone.',
      'crashed: too far',
      'completed: undefined',
    ])
    expect(runs.map(({ dir }) => runState(dir))).toEqual([...Array(5).fill('crashed'), 'done'])
    const logOf = (index: number) => readFileSync(crashLog(runs[index]!.dir), 'utf8')
    expect(logOf(0)).toMatch(/^2.*\nkilled by SIGSEGV: .*\nnative code: bad address\n$/)
    expect(logOf(3)).toMatch(/TypeError: Expected this alone\.\nA second line\.\n {4}at /)
    expect(existsSync(join(runs[0]!.dir, 'run.json'))).toBe(true)
  })

  it('begins crashed runs again in the next call, and keeps the others', async () => {
    const first = carryOut(['fault', 'ok'])
    const { outDir } = first
    await first.done
    const second = carryOut(['fault', 'ok'], { outDir })
    expect((await second.done).status).toBe('crashed')
    expect(told(second.events)).toEqual([
      'runStart fault',
      'start fault',
      'note fault',
      'runEnd fault',
      'runReused ok',
    ])
    expect(readdirSync(outDir).toSorted()).toEqual(
      (await second.done).runs.flatMap(({ id, name }) =>
        name === 'fault' ? [id, `${id}.crash.log`] : [id],
      ),
    )
  })

  it.each([
    ['data', 'Expected another path.\nA second line.'],
    ['disk', 'Expected room.'],
  ])(
    'ends at an error of the %s that other runs would meet, and tells it once',
    async (name, message) => {
      const { events, done } = carryOut([name, 'ok', 'moment'], { jobs: 2 })
      await expect(done).rejects.toMatchObject({ name: 'PlanError', exitCode: 2, message })
      expect(told(events)).toEqual([`runStart ${name}`])
    },
  )

  it('runs some at a time, begun in order, the first one alone until it has loaded the data', async () => {
    let [going, most] = [0, 0]
    const onEvent = ({ kind }: PlanEvent) => {
      if (kind === 'runStart') going++
      if (kind === 'runEnd') going--
      most = Math.max(most, going)
    }
    const names = ['moment', 'ok', 'exit', 'fault']
    const { events, done } = carryOut(names, { jobs: 2, onEvent })
    const { runs } = await done
    expect(runs.map(({ name }) => name)).toEqual(names)
    const lines = told(events)
    expect(lines.filter(line => line.startsWith('runStart'))).toEqual(
      names.map(name => `runStart ${name}`),
    )
    expect(lines.slice(0, 3)).toEqual(['runStart moment', 'start moment', 'runStart ok'])
    expect(most).toBe(2)
  })

  it('ends every run after its step when it is stopped, and begins no other', async () => {
    const stopping = new AbortController()
    let started = 0
    const { done } = carryOut(['until stopped', 'forever', 'ok'], {
      jobs: 2,
      signal: stopping.signal,
      onEvent: event => {
        if (event.kind !== 'runProgress' || event.event.kind !== 'start') return
        if (++started < 2) return
        stopping.abort()
        // The run that does not listen is killed, as by a second Ctrl-C.
        process.kill(Number.parseInt(ownerOf(event.run.dir)!, 10), 'SIGKILL')
      },
    })
    const { status, runs } = await done
    expect(status).toBe('interrupted')
    expect(runs.map(({ name, summary }) => `${name}: ${summary.status}`)).toEqual([
      'until stopped: interrupted',
      'forever: interrupted',
    ])
    expect(runState(runs[0]!.dir)).toBe('interrupted')
  })

  it('leaves no process behind when it is killed, and can then be carried out again', async () => {
    const outDir = newFolder()
    const parent = spawnPlan(outDir)
    await lineOf(parent, 'runProgress')
    const [run] = readdirSync(outDir).filter(name => name !== '.lock')
    const pid = Number.parseInt(ownerOf(join(outDir, run!))!, 10)
    parent.kill('SIGKILL')
    await expect.poll(() => isThere(pid), { timeout: 5000 }).toBe(false)
    const { done } = carryOut(['ok'], { outDir })
    expect((await done).status).toBe('completed')
  })
})

function spawnPlan(outDir: string): ChildProcess {
  const program = fileURLToPath(new URL('./stub-plan.test.util.js', import.meta.url))
  const parent = spawn(process.execPath, [program, outDir])
  onTestFinished(() => void parent.kill('SIGKILL'))
  return parent
}

const lineOf = (parent: ChildProcess, text: string) =>
  new Promise<void>(resolve => {
    let seen = ''
    parent.stdout?.on('data', chunk => {
      seen += chunk
      if (seen.includes(text)) resolve()
    })
  })

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
