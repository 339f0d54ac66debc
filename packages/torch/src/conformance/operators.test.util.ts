// The cases of conformance/operators.py: what is in the data file, and how a case is run here.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { engineInfo } from '../engine.ts'
import * as torch from '../index.ts'
import { Tensor } from '../tensor.ts'
import { isClose, numbers } from '../testing.test.util.ts'
import type { DType } from '../types.ts'
import { fill, type Recorded, recordedNumbers } from './fill.test.util.ts'

export type Output = Recorded | { value: unknown }

/** What PyTorch gave in one dtype; "refused" where it takes none such, or has no derivative. */
export type Result = 'refused' | { outputs: Output[]; grads?: 'refused' | (Recorded | null)[] }

export interface Case {
  /** The wrapper: `linalg.det`, or a function of torch. */
  op: string
  args: unknown[]
  options: Record<string, unknown>
  /** The outputs that are fixed; without it all are. */
  only?: number[]
  /** Whether another memory layout gives the same; default true. */
  views?: boolean
  /** Whether finite differences give the gradient; default true. */
  slopes?: boolean
  /** By dtype; empty where this version has no such operator. */
  results: Partial<Record<DType | 'any', Result>>
}

const FOLDER = fileURLToPath(new URL('../../conformance', import.meta.url))
const OLDEST = '1.13'

const keyOf = ({ op, args, options }: Case) => JSON.stringify([op, args, options])

const read = (version: string): Case[] =>
  JSON.parse(readFileSync(join(FOLDER, `operators-${version}.json`), 'utf8')).cases

/** The cases with what the loaded LibTorch's own version gives, where it differs from the oldest. */
export function readCases(): Case[] {
  const cases = new Map(read(OLDEST).map(item => [keyOf(item), item]))
  const version = engineInfo().version.split('.').slice(0, 2).join('.')
  const overlay = join(FOLDER, `operators-${version}.json`)
  if (existsSync(overlay)) for (const item of read(version)) cases.set(keyOf(item), item)
  return [...cases.values()].filter(({ results }) => Object.keys(results).length > 0)
}

/** Versions that have a file. */
export const recordedVersions = (): string[] =>
  readdirSync(FOLDER).flatMap(name => /^operators-(.*)\.json$/.exec(name)?.[1] ?? [])

export const titleOf = ({ op, args, options }: Case): string => {
  const text = JSON.stringify([...args, options])
    .slice(1, -1)
    .replace(/,\{\}$/, '')
  return `${op} ${text.replaceAll(/\{"\$tensor":(\[\[[\d,]*\],[^\]]*\])\}/g, '$1')}`
}

const COMPLEX: Partial<Record<DType, DType>> = { float64: 'complex128', float32: 'complex64' }
const isOpen = (dtype: DType) => dtype === 'float64' || dtype === 'complex128'

export interface Inputs {
  args: unknown[]
  options: Record<string, unknown>
  /** The tensors that gradients are taken for. */
  leaves: Tensor[]
}

export type View = (x: Tensor) => Tensor

/** The same elements in the opposite order of dimensions. */
export const transposed: View = x => {
  const back = x.shape.map((_, i) => x.dim - 1 - i)
  return x.permute(back).contiguous().permute(back)
}

/** The same elements, every second one of a longer memory. */
export const strided: View = x => {
  if (x.dim === 0) return x
  const last = x.shape.at(-1) as number
  const gaps = x.newZeros([...x.shape.slice(0, -1), 2 * last + 1]).slice(-1, 1, null, 2)
  return gaps.copy_(x)
}

/** Arguments in `dtype` and a memory layout. */
export function inputsOf(
  { args, options }: Case,
  dtype: DType | 'any',
  view: View = x => x,
): Inputs {
  const leaves: Tensor[] = []
  const made = mapTensors(args, options, (shape, kind, seed, constant) => {
    const value = fill(shape, seed, kind)
    if (!isOpen(value.dtype)) return view(value)
    const wanted = value.dtype === 'complex128' ? COMPLEX[dtype as DType] : dtype
    const viewed = view(value.to(wanted as DType))
    if (constant === undefined) leaves.push(viewed.requiresGrad_())
    return viewed
  })
  return { ...made, leaves }
}

/** The arguments with each `{ $tensor: spec }` replaced by `make(...spec)`, options last. */
export function mapTensors(
  args: unknown[],
  options: Record<string, unknown>,
  make: (shape: number[], kind: string, seed: number, constant?: string) => Tensor,
): { args: unknown[]; options: Record<string, unknown> } {
  const map = (item: unknown): unknown => {
    if (Array.isArray(item)) return item.map(map)
    if (typeof item !== 'object' || item === null) return item
    return make(...(item as { $tensor: [number[], string, number, string?] }).$tensor)
  }
  const mapped = args.map(map)
  return {
    args: mapped,
    options: Object.fromEntries(Object.entries(options).map(([k, v]) => [k, map(v)])),
  }
}

export type Callee = (...args: unknown[]) => unknown

/** A function of the package by its path, such as `nn.functional.relu`; undefined where there is none. */
export function functionOf(path: string): Callee | undefined {
  let found: unknown = torch
  for (const name of path.split('.')) found = (found as Record<string, unknown> | undefined)?.[name]
  return found as Callee | undefined
}

/** Options are left out where there are none. */
export const argumentsOf = ({ args, options }: Omit<Inputs, 'leaves'>): unknown[] =>
  Object.keys(options).length > 0 ? [...args, options] : args

/** The results of an operator, however they are nested. */
export const outputsOf = (op: string, inputs: Omit<Inputs, 'leaves'>): unknown[] =>
  [(functionOf(op) as Callee)(...argumentsOf(inputs))].flat(3)

/** Which outputs the loss is made of. */
export const differentiable = (outputs: readonly unknown[], only?: readonly number[]): number[] =>
  outputs.flatMap((output, i) =>
    output instanceof Tensor && output.requiresGrad && (only?.includes(i) ?? true) ? [i] : [],
  )

/** The sum of these outputs, weighted by fill(shape, 99). */
export function lossOf(outputs: readonly unknown[], which: readonly number[]): Tensor {
  const terms = which.map(i => {
    const output = outputs[i] as Tensor
    const real = torch.isComplex(output) ? output.resolveConj().viewAsReal() : output
    return real.mul(fill(real.shape, 99).to(real.dtype)).sum()
  })
  return terms.reduce((a, b) => a.add(b))
}

/**
 * How far from PyTorch's value one of ours may be, absolutely and relatively; the same stand in
 * operators_compare.py. Sums in another order and other vector instructions cost a value here, in
 * float32, up to some tens of its units of 1.2e-7. float64 leaves room for its thousands, and still
 * tells any wrong formula. bfloat16 has units of 1/128: one, for the last rounding.
 * Integers and booleans must agree.
 */
export const TOLERANCES: Partial<Record<DType, number>> = {
  float64: 1e-12,
  complex128: 1e-12,
  float32: 1e-5,
  complex64: 1e-5,
  bfloat16: 0.01,
}

/** The first way in which `found` is not what was recorded; undefined when there is none. */
export function difference(
  found: unknown,
  expected: Output | null,
  byValue = true,
): string | undefined {
  if (expected === null) return found === null ? undefined : `expected none, received ${found}`
  if ('value' in expected)
    return Object.is(found, expected.value)
      ? undefined
      : `expected ${expected.value}, received ${found}`
  if (!(found instanceof Tensor)) return `expected a tensor, received ${found}`
  const [is, wanted] = [found, expected].map(({ dtype, shape }) => `${dtype}[${shape}]`)
  if (is !== wanted) return `expected ${wanted}, received ${is}`
  if (!byValue) return undefined
  const [values, recorded] = [numbers(found), recordedNumbers(expected)]
  const tolerance = TOLERANCES[found.dtype] ?? 0
  const far = values.findIndex((value, i) => !isClose(value, recorded[i], tolerance))
  return far < 0 ? undefined : `element ${far}: expected ${recorded[far]}, received ${values[far]}`
}
