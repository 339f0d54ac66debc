// Which arithmetic a run computes in: what `precision: auto` stands for on this machine, and work under it.
import { readFileSync } from 'node:fs'
import { autocast } from '@normfree/torch'
import { TrainError } from './errors.ts'

export type Precision = 'float32' | 'bfloat16' | 'float16'

/** Runs `work` under the autocast of `precision`. */
export const withPrecision = <T>(precision: Precision, work: () => T): T =>
  precision === 'float32' ? work() : autocast('cpu', work, { dtype: precision })

/**
 * Refuses what the trainer's device cannot compute in.
 *
 * @throws TrainError for float16, which LibTorch's autocast does not have on the CPU.
 */
export function requireSupported(precision: Precision): void {
  if (precision === 'float16')
    throw new TrainError(
      'Expected float32, bfloat16 or auto for `precision` on the CPU but received float16, which its autocast does not have.',
    )
}

/**
 * bfloat16 where the CPU multiplies it in hardware (AVX-512 BF16 or AMX); elsewhere LibTorch
 * emulates it, slower than float32.
 */
export function resolvePrecision(wanted: Precision | 'auto', cpuInfo = readCpuInfo()): Precision {
  if (wanted !== 'auto') return wanted
  return /\b(avx512_bf16|amx_bf16)\b/.test(cpuInfo) ? 'bfloat16' : 'float32'
}

function readCpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8')
  } catch {
    return ''
  }
}
