// What a run's numbers depend on besides its configuration.
import { arch, cpus, platform, release } from 'node:os'
import { engineInfo } from '@normfree/torch'
import type { Session } from './session.ts'

/** Kept with every run. */
export function describeEnvironment({
  precision,
  data: { note },
}: Pick<Session, 'precision' | 'data'>): Record<string, string | number> {
  const { version, threads } = engineInfo()
  return {
    libtorch: version,
    node: process.version,
    platform: `${platform()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    threads,
    precision,
    ...(note !== undefined && { data: note }),
  }
}
