// `normfree doctor`: what the engine runs on, and what is missing.
import type { Context } from '../context.ts'
import { FailedError } from '../errors.ts'
import type { CommonFlags } from '../flags.ts'
import {
  describeMachine,
  instructionSet,
  isReferenceBlas,
  mappedBlas,
  readMaps,
} from '../machine.ts'

export default async function doctor(this: Context, flags: CommonFlags): Promise<void> {
  const machine = describeMachine()
  const engine = await loadEngine(flags)
  const remarks = 'error' in engine ? [] : remarksOn(engine)
  if (flags.json) this.printJson({ machine, engine, remarks })
  else {
    for (const [name, value] of Object.entries({ ...machine, ...engine })) {
      this.print(
        `${name.padEnd(14)} ${Array.isArray(value) ? value.join(', ') || 'none apart from LibTorch' : value}`,
      )
    }
    for (const remark of remarks) this.print(`! ${remark}`)
  }
  if ('error' in engine) throw new FailedError('the engine cannot be loaded: see `error` above')
}

async function loadEngine({ threads }: CommonFlags) {
  try {
    const torch = await import('@normfree/torch')
    if (threads !== undefined) torch.setNumThreads(threads)
    const info = torch.engineInfo()
    return {
      libtorch: info.version,
      threads: info.threads,
      instructions: instructionSet(info.config),
      blas: mappedBlas(readMaps()),
      cuda: info.cuda,
    }
  } catch (error) {
    return { error: (error as Error).message }
  }
}

function remarksOn(engine: { blas: readonly string[]; instructions: string }): string[] {
  const remarks: string[] = []
  if (isReferenceBlas(engine.blas)) {
    remarks.push(
      'Matrix products run on the reference BLAS, many times slower. Install libopenblas0-pthread.',
    )
  }
  if (['DEFAULT', 'NO AVX'].includes(engine.instructions)) {
    remarks.push('The CPU has no AVX2, or ATEN_CPU_CAPABILITY hides it: expect slow operators.')
  }
  return remarks
}
