// @normfree/cli: the `normfree` command, also for programs that want to run it in their own process.
export type { HostProcess, OutputStream } from './context.ts'
export { runCommandLine } from './run.ts'
