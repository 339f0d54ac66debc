import { Writable } from 'node:stream'
import { expandPlan, type PlanEvent, type PlanStep, parsePlan } from '@normfree/lab'
import { describe, expect, it } from 'vitest'
import { createContext } from './context.ts'
import { planProgress } from './plan-progress.ts'

const planned = expandPlan(
  parsePlan({ name: 'p', base: { model: 'm' }, runs: [{ name: 'a' }, { name: 'b', epochs: 2 }] }),
)
const [a, b] = planned.map((run, index): PlanStep => {
  return { ...run, index, total: 2, id: run.name, dir: run.name }
}) as [PlanStep, PlanStep]

const counts = { totalSteps: 4, stepsPerEpoch: 2, step: 0 }
const start = { kind: 'start', ...counts, model: 'm', parameters: 9 } as const
const events: PlanEvent[] = [
  { kind: 'runStart', run: a },
  { kind: 'runProgress', run: a, event: { kind: 'loading', done: 1, total: 4, what: 'drawing' } },
  { kind: 'runProgress', run: a, event: start },
  { kind: 'runStart', run: b },
  { kind: 'runProgress', run: b, event: start },
  { kind: 'runProgress', run: a, event: { kind: 'note', message: 'careful' } },
  {
    kind: 'runEnd',
    run: a,
    summary: { dir: 'a', status: 'crashed', testAccuracy: Number.NaN, message: 'why' },
  },
  { kind: 'runEnd', run: b, summary: { dir: 'b', status: 'completed', testAccuracy: 0.5 } },
]

function shown(isTTY: boolean): string {
  let text = ''
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk
      done()
    },
  })
  const host = { stdout: stream, stderr: Object.assign(stream, { isTTY, columns: 200 }), env: {} }
  const progress = planProgress(createContext([], host))
  for (const event of events) progress.onEvent(event)
  progress[Symbol.dispose]()
  return text
}

describe('planProgress', () => {
  it('writes whole lines with the name of their run where nobody is watching', () => {
    expect(shown(false).split('\n')).toEqual([
      '[1/2] a, seed 0: m, 9 parameters',
      '[2/2] b, seed 0: m, 9 parameters',
      '[1/2] a, seed 0: careful',
      '[1/2] a, seed 0: crashed (why), test accuracy -',
      '[2/2] b, seed 0: completed, test accuracy 50.00%',
      '',
    ])
  })

  it('draws a bar for each run, keeps notes above them, and gives the cursor back', () => {
    const text = shown(true)
    expect(text).toMatch(/\[1\/2\] a, seed 0 [-=]+ epoch 1\/2 .*\n.*\[2\/2\] b, seed 0 [-=]+ epoch/)
    expect(text).toMatch(/\[1\/2\] a, seed 0: careful\n.*\[1\/2\] a, seed 0 -/)
    expect(text).toMatch(/a, seed 0: crashed \(why\), test accuracy -\n/)
    expect(text.lastIndexOf('[?25h')).toBeGreaterThan(text.lastIndexOf('[?25l'))
  })
})
