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

type Torch = typeof import('@normfree/torch')

export default async function doctor(this: Context, flags: CommonFlags): Promise<void> {
  const machine = describeMachine()
  const { engine, remarks } = await loadEngine(flags)
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
    const engine = {
      libtorch: info.version,
      threads: info.threads,
      instructions: instructionSet(info.config),
      blas: mappedBlas(readMaps()),
      cuda: info.cuda,
    }
    return { engine, remarks: remarksOn(engine, torch) }
  } catch (error) {
    return { engine: { error: (error as Error).message }, remarks: [] }
  }
}

function remarksOn(
  engine: { blas: readonly string[]; instructions: string },
  torch: Torch,
): string[] {
  const remarks: string[] = []
  if (isReferenceBlas(engine.blas)) {
    remarks.push(
      'Matrix products run on the reference BLAS, many times slower. Install libopenblas0-pthread.',
    )
  }
  if (['DEFAULT', 'NO AVX'].includes(engine.instructions)) {
    remarks.push('The CPU has no AVX2, or ATEN_CPU_CAPABILITY hides it: expect slow operators.')
  }
  if (!dotsComplex(torch)) {
    remarks.push('Complex dot and vdot are wrong with this BLAS: take the sum of the products.')
  }
  return remarks
}

/** LibTorch and the BLAS may disagree on how a complex number is returned, as Debian's 1.13 does. */
function dotsComplex({ from, tidy }: Torch): boolean {
  return tidy(() => {
    const one = from(Float32Array.of(1, 0), [1], 'complex64')
    return one.dot(one).abs().item() === 1
  })
}
