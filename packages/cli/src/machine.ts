// What is known of the machine and of the engine's libraries, for `normfree doctor`. Reads only.
import { readFileSync } from 'node:fs'
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os'

/** The machine that the command runs on. */
export function describeMachine(): Record<string, string | number> {
  return {
    node: process.version,
    system: `${platform()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Number((totalmem() / 2 ** 30).toFixed(1)),
  }
}

/** The instruction set that LibTorch's own build report says it uses, e.g. `AVX512`. */
export function instructionSet(config: string): string {
  return /CPU capability usage: (\S+)/.exec(config)?.[1] ?? 'unknown'
}

/** Paths of the CPU's linear algebra libraries among the files that a process has mapped. */
export function mappedBlas(maps: string): string[] {
  const files = maps.match(/\/\S+\.so[.\d]*$/gm) ?? []
  return [...new Set(files.filter(file => /(?<!cu)blas|mkl_core|mkl_rt|blis/i.test(file)))].sort()
}

/** The files that this process has mapped; empty where the system does not tell. */
export function readMaps(): string {
  try {
    return readFileSync('/proc/self/maps', 'utf8')
  } catch {
    return ''
  }
}

/** Whether matrix products run on the slow reference BLAS. Debian's OpenBLAS is a libblas.so too. */
export function isReferenceBlas(libraries: readonly string[]): boolean {
  return libraries.length > 0 && !libraries.some(path => /openblas|mkl|blis|atlas/i.test(path))
}
