// Which arithmetic `precision: auto` stands for on this machine.
import { readFileSync } from 'node:fs'

export type Precision = 'float32' | 'bfloat16' | 'float16'

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
