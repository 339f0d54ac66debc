// What the tests of this package share: closeness, gradients by finite differences, garbage
// collection on demand, scripts in processes of their own.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, onTestFinished } from 'vitest'
import { grad, noGrad } from './autograd.ts'
import { tensor } from './create.ts'
import { liveTensors, tidy } from './memory.ts'
import type { Tensor } from './tensor.ts'

/** Elements as plain numbers, row-major. */
export const numbers = (x: Tensor): number[] => Array.from(x.data() as ArrayLike<number>, Number)

/** Whether `found` is `expected` (NaN too), or within `tolerance`, absolute plus the same relative. */
export const isClose = (found: number, expected: number, tolerance: number): boolean =>
  Object.is(found, expected) ||
  found === expected ||
  Math.abs(found - expected) <= tolerance * (1 + Math.abs(expected))

/** Every element as close as isClose says to what is expected. */
export function expectClose(actual: Tensor | number[], expected: number[], tolerance = 1e-5): void {
  const found = Array.isArray(actual) ? actual : numbers(actual)
  expect(found).toHaveLength(expected.length)
  for (const [i, value] of expected.entries())
    if (!isClose(found[i], value, tolerance))
      expect.fail(`element ${i}: expected ${value}, received ${found[i]}`)
}

/** Uniform in [low, high], float64, from a stream of its own. */
export function samples(shape: number[], seed = 1, low = -1, high = 1): Tensor {
  let state = seed * 2654435761
  const next = () => {
    state = (state * 1664525 + 1013904223) % 4294967296
    return low + ((high - low) * state) / 4294967296
  }
  const count = shape.reduce((a, b) => a * b, 1)
  return tensor(Float64Array.from({ length: count }, next)).reshape(shape)
}

/**
 * Compares autograd's gradients of sum(f(...inputs) * fixed weights) with central differences in
 * float64, for every element of every input.
 */
export function gradcheck(f: (...inputs: Tensor[]) => Tensor, inputs: Tensor[]): void {
  const leaves = inputs.map(input => input.detach().clone().requiresGrad_())
  const output = f(...leaves)
  const weights = samples(output.shape, 7, 0.5, 1.5)
  const analytic = grad(output.mul(weights).sum(), leaves) as Tensor[]
  const value = () =>
    tidy(() =>
      f(...leaves)
        .mul(weights)
        .sum()
        .item(),
    )
  for (const [k, leaf] of leaves.entries())
    expectClose(
      analytic[k],
      noGrad(() => slopes(leaf, value)),
      1e-6,
    )
}

/** Slope of `value` along each element of `leaf`, whose memory is changed and restored. */
function slopes(leaf: Tensor, value: () => number): number[] {
  const memory = leaf.data() as Float64Array
  const step = 1e-5
  return Array.from(memory, (middle, i) => {
    memory[i] = middle + step
    const above = value()
    memory[i] = middle - step
    const below = value()
    memory[i] = middle
    return (above - below) / (2 * step)
  })
}

/** How many more tensors live after `work` than before. */
export function leaked(work: () => void): number {
  const before = liveTensors().tensors
  work()
  return liveTensors().tensors - before
}

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** Collects garbage, and gives finalizers (which run as tasks) the time to run. */
export async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 4; i++) {
    await setTimeout(5)
    gc()
  }
  await setTimeout(5)
}

/** A folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'normfree-torch-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs module `source`, in which `torch` is this package, in a process of its own: its output. */
export async function runScript(source: string, { importTorch = true } = {}): Promise<string> {
  const file = join(temporaryFolder(), 'script.mjs')
  const index = new URL('./index.js', import.meta.url).href
  const header = importTorch ? `import * as torch from ${JSON.stringify(index)}` : ''
  writeFileSync(file, `${header}\n${source}`)
  const { stdout } = await promisify(execFile)(process.execPath, [file])
  return stdout
}
