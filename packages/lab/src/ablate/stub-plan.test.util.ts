// A program that carries out a plan of one run that does not end, for the test that kills it.
import { parsePlan } from '../config/plan.ts'
import { childTrainer } from './child-trainer.ts'
import { runPlan } from './run-plan.ts'

const entry = new URL('./stub-child.test.util.js', import.meta.url)
const plan = parsePlan({ name: 'p', base: { model: 'resnet20' }, runs: [{ name: 'forever' }] })
await runPlan(plan, {
  outDir: process.argv[2]!,
  train: childTrainer({ threads: 1, entry }),
  command: 'c',
  onEvent: ({ kind }) => console.log(kind),
})
