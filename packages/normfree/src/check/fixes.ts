// The changes that findings ask for, as settings: applied to a model, and written out.
import { ArgumentError, nn, noGrad, Tensor, tidy } from '@normfree/torch'
import { ScaledStdConv2d } from '../layers/scaled-std-conv.ts'
import type { CheckOptions, Fix } from './finding.ts'

/**
 * Changes `model` in place as `fixes` say and returns `options` with what they change of the input and
 * the training, so that `checkModel(model, applyFixes(model, fixes, options))` checks what comes out.
 *
 * @throws ArgumentError for a module or a property that the model does not have.
 */
export function applyFixes(
  model: nn.Module,
  fixes: readonly Fix[],
  options: CheckOptions = {},
): CheckOptions {
  let { shape = [3, 224, 224] as const, training, ...rest } = options
  for (const fix of fixes) {
    if (fix.target === 'model') fixModule(model.getSubmodule(fix.module), fix)
    else if (fix.target === 'input') shape = [shape[0], fix.value as number, fix.value as number]
    else if (training?.clip)
      training = { ...training, clip: { ...training.clip, exclude: fix.value as string[] } }
  }
  return { ...rest, shape, ...(training && { training }) }
}

/** Whether `fix` names a number or a tensor of a module that `model` has. */
export function isApplicable(model: nn.Module, fix: Fix): boolean {
  if (fix.target !== 'model') return true
  const owner = new Map(model.namedModules()).get(fix.module) as unknown as
    | Record<string, unknown>
    | undefined
  const present = owner?.[fix.property]
  return typeof present === 'number' || present instanceof Tensor
}

function fixModule(module: nn.AnyModule, fix: Fix): void {
  const settings = module as unknown as Record<string, unknown>
  const present = settings[fix.property]
  if (present instanceof Tensor) noGrad(() => tidy(() => fixTensor(module, present, fix)))
  else if (typeof present === 'number' && typeof fix.value === 'number')
    settings[fix.property] = fix.value
  else
    throw new ArgumentError(
      `Expected a number or a tensor in \`${fix.property}\` of ${fix.module || 'the model'} but received ${typeof present}.`,
    )
}

function fixTensor(module: nn.AnyModule, tensor: Tensor, { value }: Fix): void {
  if (typeof value === 'number') tensor.fill_(value)
  if (value === 'kaiming_normal') nn.init.kaimingNormal_(tensor)
  if (module instanceof ScaledStdConv2d && module.decoupled) module.standardize_()
  else if (value === 'standardize') {
    const rows = tensor.flatten(1)
    const centred = rows.sub(rows.mean([1], true))
    tensor.copy_(centred.div(centred.norm(2, [1], true)).view(tensor.shape))
  }
}

/** The fixes as YAML: target, module, property and value, each property once, the last fix winning. */
export function fixesYaml(fixes: readonly Fix[]): string {
  const written = new Map<string, unknown>()
  for (const { target, module, property, value } of fixes) {
    written.set(`${target}:`, null)
    if (module !== '') written.set(`${target}:\n  ${module}:`, null)
    const indent = module === '' ? '  ' : '    '
    written.set(`${target}:\n  ${module}:\n${indent}${property}:`, value)
  }
  // Sorted by their whole path, so that what belongs together stands together.
  return [...written.keys()]
    .sort()
    .map(path => {
      const value = written.get(path)
      return `${path.slice(path.lastIndexOf('\n') + 1)}${value === null ? '' : ` ${JSON.stringify(value)}`}`
    })
    .join('\n')
}
