// Layers and functions against values that PyTorch itself made: conformance/layers.py says how.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { grad, noGrad } from '../autograd.ts'
import { fill, type Recorded, recordedNumbers } from '../conformance/fill.test.util.ts'
import { tidy } from '../memory.ts'
import { manualSeed } from '../random.ts'
import { Tensor } from '../tensor.ts'
import { expectClose, numbers } from '../testing.test.util.ts'
import type { DType } from '../types.ts'
import * as nn from './index.ts'

interface Values {
  outputs: Recorded[]
  grads?: (Recorded | null)[]
}

interface Run {
  mode?: 'train' | 'eval'
  /** A number: the values of that run of the case. */
  values: Values | number
}

interface Case {
  module?: string
  function?: string
  dtype?: DType
  args: unknown[]
  options: Record<string, unknown>
  call?: Record<string, unknown>
  inputs: unknown[]
  runs: Run[]
  repr: string
  state: [name: string, shape: number[], dtype: DType, sum: number, first: number, last: number][]
  after: [name: string, value: Recorded][]
}

const file = new URL('../../conformance/layers.json', import.meta.url)
const { cases, seed } = JSON.parse(readFileSync(file, 'utf8')) as { cases: Case[]; seed: number }

function materialize(value: unknown, dtype: DType): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  if (!('$tensor' in value))
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, materialize(item, dtype)]),
    )
  const [shape, kind, salt] = value.$tensor as [number[], string, number]
  const tensor = fill(shape, salt, kind)
  return tensor.dtype === 'float64' ? tensor.to(dtype) : tensor
}

function expectRecorded(actual: Tensor, expected: Recorded): void {
  const { shape, dtype } = expected
  expect([actual.dtype, actual.shape]).toEqual([dtype, shape])
  expectClose(actual, recordedNumbers(expected), dtype === 'float64' ? 1e-12 : 1e-5)
}

const valuesOf = ({ runs }: Case, { values }: Run): Values =>
  typeof values === 'number' ? (runs[values].values as Values) : values

type Call = (...inputs: Tensor[]) => unknown

/**
 * Outputs, and gradients of their sum weighted by fill(shape, 99), for inputs then parameters. What is
 * no tensor stands last among the inputs.
 */
function expectRun(call: Call, inputs: Tensor[], parameters: Tensor[], expected: Values): void {
  const tensors = inputs.filter(x => x instanceof Tensor)
  const leaves = tensors.map(x => (x.dtype.startsWith('float') ? x.clone().requiresGrad_() : x))
  const results = [call(...leaves.map(x => x.clone()), ...inputs.slice(tensors.length))].flat()
  const outputs = results.filter(item => item instanceof Tensor)
  expect(outputs).toHaveLength(expected.outputs.length)
  for (const [i, output] of outputs.entries()) expectRecorded(output, expected.outputs[i])
  if (!expected.grads) return
  const total = outputs
    .map(output => output.mul(fill(output.shape, 99).to(output.dtype)).sum())
    .reduce((a, b) => a.add(b))
  const wanted = [...leaves, ...parameters].filter(x => x.requiresGrad)
  const grads = grad(total, wanted, { allowUnused: true })
  expect(grads).toHaveLength(expected.grads.length)
  for (const [i, recorded] of expected.grads.entries())
    if (recorded) expectRecorded(grads[i] as Tensor, recorded)
    else expect(grads[i]).toBeNull()
}

function fillState(module: nn.AnyModule): void {
  for (const [i, tensor] of [...module.stateDict().values()].entries())
    if (tensor.dtype === 'float32') {
      const kind = tensor instanceof nn.Buffer ? 'positive' : 'real'
      noGrad(() => tensor.copy_(fill(tensor.shape, 10 + i, kind)))
    }
}

type Build = new (...args: unknown[]) => nn.Module<Tensor[], unknown>

function build({ module, args, options }: Case): nn.Module<Tensor[], unknown> {
  const Layer = (nn as unknown as Record<string, Build>)[module as string]
  const given = materialize(options, 'float32') as object
  manualSeed(seed)
  return new Layer(...args, ...(Object.keys(given).length > 0 ? [given] : []))
}

const titled = (name: 'module' | 'function') =>
  cases
    .filter(item => item[name])
    .map((item): [string, Case] => {
      const shown = [...item.args, item.options, item.call ?? {}].map(part => JSON.stringify(part))
      return [`${item[name]} ${shown.join(' ')}`.replaceAll(' {}', ''), item]
    })

describe('like PyTorch', () => {
  it.each(titled('module'))('%s', (_, item) => {
    tidy(() => {
      const module = build(item)
      expect(module.toString()).toBe(item.repr.replace('NonDynamicallyQuantizable', ''))
      const state = [...module.stateDict()]
      expect(state.map(([name, x]) => [name, x.shape, x.dtype])).toEqual(
        item.state.map(entry => entry.slice(0, 3)),
      )
      for (const [i, [, tensor]] of state.entries()) {
        const [sum, first, last] = item.state[i].slice(3) as number[]
        const values = numbers(tensor)
        expectClose([tensor.sum().item(), values[0], values.at(-1) as number], [sum, first, last])
      }
      fillState(module)
      const dtype = item.dtype ?? 'float32'
      module.to({ dtype })
      const inputs = item.inputs.map(input => materialize(input, dtype) as Tensor)
      const call = materialize(item.call, dtype) as object | undefined
      const run: Call = (...xs) =>
        module(...xs, ...((Object.keys(call ?? {}).length > 0 ? [call] : []) as Tensor[]))
      for (const expected of item.runs) {
        module.train(expected.mode === 'train')
        expectRun(run, inputs, module.parameters(), valuesOf(item, expected))
      }
      const after = [...module.namedBuffers()]
      expect(after.map(([name]) => name)).toEqual(item.after.map(([name]) => name))
      for (const [i, [, buffer]] of after.entries()) expectRecorded(buffer, item.after[i][1])
    })
  })

  it.each(titled('function'))('functional.%s', (_, item) => {
    tidy(() => {
      const named = nn.functional as unknown as Record<string, Call>
      const options = materialize(item.options, 'float32') as Tensor
      const rest = [...item.args, ...(Object.keys(options).length > 0 ? [options] : [])] as Tensor[]
      const inputs = item.inputs.map(input => materialize(input, 'float32') as Tensor)
      const run: Call = (...xs) => named[item.function as string](...xs, ...rest)
      expectRun(run, inputs, [], valuesOf(item, item.runs[0]))
    })
  })
})
