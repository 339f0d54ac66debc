// Where downloaded data lives on this machine.
import { homedir } from 'node:os'
import { join } from 'node:path'

/** `NORMFREE_CACHE`, else `XDG_CACHE_HOME/normfree`, else `~/.cache/normfree`. Not created here. */
export function defaultCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  if (env.NORMFREE_CACHE) return env.NORMFREE_CACHE
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'normfree')
}
