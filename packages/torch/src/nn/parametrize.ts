// torch.nn.utils.parametrize: a parameter becomes a function of another one, `original`, which is
// what is trained and saved. Names in the state dict are PyTorch's:
// `parametrizations.weight.original`, `parametrizations.weight.0.*`.
import { noGrad } from '../autograd.ts'
import { callOperator } from '../call.ts'
import { ArgumentError, ShapeError } from '../errors.ts'
import { tidy } from '../memory.ts'
import type { Tensor } from '../tensor.ts'
import { ModuleDict, ModuleList } from './container.ts'
import type { AnyModule, Module } from './module.ts'
import { snakeCase } from './names.ts'
import { Buffer, Parameter } from './parameter.ts'

/**
 * What computes a parameter from its original. `rightInverse(value)`, where there is one, gives an
 * original for a value of the parameter; without it the original starts as the parameter itself.
 */
export interface Parametrization extends Module {
  /** An original from which forward gives `value`. */
  rightInverse?(value: Tensor): Tensor
}

/** Options of {@link registerParametrization}. */
export interface RegisterParametrizationOptions {
  /** Allow a parametrization that changes shape or dtype. Default false. */
  unsafe?: boolean
}

/** Options of {@link removeParametrizations}. */
export interface RemoveParametrizationsOptions {
  /** Keep the computed value; otherwise the original comes back. Default true. */
  leaveParametrized?: boolean
}

/** The original of a parameter and the modules that compute the parameter from it, in order. */
export class ParametrizationList extends ModuleList<Parametrization> {
  readonly original: Parameter | Buffer

  constructor(original: Parameter | Buffer) {
    super()
    this.original = original
  }

  /** The parameter now; a new tensor each time. */
  value(): Tensor {
    let value: Tensor = this.original
    for (const parametrization of this) value = parametrization(value)
    return value
  }

  /**
   * Sets the original so that the parameter has `value`.
   *
   * @throws ArgumentError when a parametrization has no rightInverse.
   */
  assign(value: Tensor): void {
    replaceData(this.original, () => {
      let original = value
      for (const parametrization of [...this].reverse()) {
        if (!parametrization.rightInverse)
          throw new ArgumentError(
            `Expected a parametrization with rightInverse to assign through but received ${parametrization.constructor.name}.`,
          )
        original = parametrization.rightInverse(original)
      }
      return original
    })
  }
}

/** The tensor stays the one that optimizers hold; its memory becomes a copy of what `work` gives. */
function replaceData(tensor: Tensor, work: () => Tensor): void {
  noGrad(() => tidy(() => void callOperator('aten::set_data', '', tensor, work().detach().clone())))
}

const HELD = 'parametrizations'

/** A module seen as its fields, by name. */
const fieldsOf = (module: AnyModule) => module as unknown as Record<string, unknown>

const listsOf = (module: AnyModule) =>
  fieldsOf(module)[HELD] as ModuleDict<ParametrizationList> | undefined

const listOf = (module: AnyModule, tensorName: string): ParametrizationList | undefined => {
  const lists = listsOf(module)
  const name = snakeCase(tensorName)
  return lists?.has(name) ? lists.get(name) : undefined
}

/** True when the field `tensorName` of `module`, or any without it, is parametrized. */
export const isParametrized = (module: AnyModule, tensorName?: string): boolean =>
  tensorName === undefined
    ? listsOf(module) !== undefined
    : listOf(module, tensorName) !== undefined

/**
 * Makes the field `tensorName` of `module` (as it is spelled there, e.g. `weight`) the result of
 * `parametrization`, computed at every access; a further one is applied to the result of those
 * before. A value assigned to the field goes through the right inverses.
 *
 * @throws ArgumentError when the field is no parameter or buffer; ShapeError, unless `unsafe`, when
 * the parametrization changes shape or dtype. The module is left as it was.
 * @example
 * class Symmetric extends nn.Module {
 *   forward(x: Tensor) { return x.triu().add(x.triu(1).t()) }
 * }
 * nn.utils.parametrize.registerParametrization(layer, 'weight', new Symmetric())
 */
export function registerParametrization<M extends AnyModule>(
  module: M,
  tensorName: string,
  parametrization: Parametrization,
  options: RegisterParametrizationOptions = {},
): M {
  const current = fieldsOf(module)[tensorName]
  const list = listOf(module, tensorName)
  if (!list && !(current instanceof Parameter) && !(current instanceof Buffer))
    throw new ArgumentError(
      `Expected a parameter or buffer of ${module.constructor.name} for \`tensorName\` but received ${JSON.stringify(tensorName)}.`,
    )
  if (!options.unsafe) refuseOther(current as Tensor, parametrization)
  if (list) list.append(parametrization)
  else install(module, tensorName, current as Parameter | Buffer, parametrization)
  return module
}

function refuseOther(current: Tensor, parametrization: Parametrization): void {
  tidy(() => {
    const value = noGrad(() => parametrization(current))
    if (String(value.shape) !== String(current.shape) || value.dtype !== current.dtype)
      throw new ShapeError(
        `Expected a parametrization that keeps ${current.dtype} [${current.shape.join(', ')}] but received one that gives ${value.dtype} [${value.shape.join(', ')}]. Pass unsafe: true if that is meant.`,
      )
  })
}

function install(
  module: AnyModule,
  tensorName: string,
  original: Parameter | Buffer,
  parametrization: Parametrization,
): void {
  const list = new ParametrizationList(original)
  if (parametrization.rightInverse)
    replaceData(original, () => (parametrization.rightInverse as (x: Tensor) => Tensor)(original))
  list.append(parametrization)
  const lists = listsOf(module) ?? new ModuleDict<ParametrizationList>()
  if (!listsOf(module)) module.addModule(HELD, lists)
  lists.set(snakeCase(tensorName), list)
  Object.defineProperty(module, tensorName, {
    get: () => list.value(),
    set: (value: Tensor) => list.assign(value),
    configurable: true,
    enumerable: false,
  })
}

/**
 * Makes the field `tensorName` of `module` a plain parameter again, the one that was trained.
 *
 * @throws ArgumentError when it is not parametrized.
 */
export function removeParametrizations<M extends AnyModule>(
  module: M,
  tensorName: string,
  options: RemoveParametrizationsOptions = {},
): M {
  const list = listOf(module, tensorName)
  if (!list)
    throw new ArgumentError(
      `Expected a parametrized field of ${module.constructor.name} for \`tensorName\` but received ${JSON.stringify(tensorName)}.`,
    )
  const { original } = list
  if (options.leaveParametrized !== false) replaceData(original, () => list.value())
  const lists = listsOf(module) as ModuleDict<ParametrizationList>
  lists.delete(snakeCase(tensorName))
  if (lists.size === 0) delete fieldsOf(module)[HELD]
  Object.defineProperty(module, tensorName, {
    value: original,
    configurable: true,
    enumerable: true,
    writable: true,
  })
  return module
}
