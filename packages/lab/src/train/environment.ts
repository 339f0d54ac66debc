// What a run's numbers depend on besides its configuration.
import { arch, cpus, platform, release } from 'node:os'
import { engineInfo } from '@normfree/torch'
import type { Precision } from './precision.ts'

/** Kept with every run. */
export function describeEnvironment(precision: Precision): Record<string, string | number> {
  const { version, threads } = engineInfo()
  return {
    libtorch: version,
    node: process.version,
    platform: `${platform()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    threads,
    precision,
  }
}
