// @normfree/cli: the `normfree` command, also for programs that want to run it in their own process.
export { runCommandLine } from './run.ts'
