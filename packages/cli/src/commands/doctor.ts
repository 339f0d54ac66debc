// `normfree doctor`: flags and help.
import { buildCommand } from '@stricli/core'
import type { Context } from '../context.ts'
import { type CommonFlags, commonFlags } from '../flags.ts'
import { action } from './action.ts'

export const doctor = buildCommand<CommonFlags, [], Context>({
  func: action(() => import('../actions/doctor.ts')),
  parameters: { flags: commonFlags },
  docs: {
    brief: 'Check the engine: versions, threads, instruction sets, what is missing',
    fullDescription:
      'Says which LibTorch is used, with how many threads and which instructions, and how to get what is missing. Exits with 1 when the engine cannot be loaded.',
  },
})
