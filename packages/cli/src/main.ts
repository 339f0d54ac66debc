// The executable: connects this process to the command line, and nothing else.
import { runCommandLine } from './run.ts'

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // The reader went away (`normfree models | head`): there is nobody left to tell.
    if (error.code === 'EPIPE') process.exit()
    throw error
  })
}

process.exitCode = await runCommandLine(process.argv.slice(2), process)
