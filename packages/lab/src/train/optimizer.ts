// The optimizer of a run: which parameters it trains, in which groups, at which share of the rate.
import { type nn, optim, type Tensor } from '@normfree/torch'
import type { NamedParameters } from 'normfree'
import type { RunConfig } from '../config/schema.ts'
import { namesOf } from './names.ts'

type OptimizerConfig = RunConfig['optimizer']

/** What an optimizer needs to go on: PyTorch's layout, with tensors at the leaves. */
export type TrainOptimizerState = optim.OptimizerStateDict | optim.LookaheadStateDict

/** The part of `torch.optim`'s classes that training uses. */
type Stepper = optim.Optimizer | optim.Lookahead

/** An optimizer of `torch.optim` whose groups train at shares of one rate. */
export class TrainOptimizer {
  /** The ascent of sharpness-aware minimisation around this optimizer; null without. */
  readonly sam: optim.SAM | null
  readonly #stepper: Stepper
  readonly #lrScales: readonly number[]

  /** @param lrScales one for each group: its rate over the run's. */
  constructor(stepper: Stepper, lrScales: readonly number[], sam: optim.SAM | null = null) {
    this.#stepper = stepper
    this.#lrScales = lrScales
    this.sam = sam
  }

  /** The groups, with their options. */
  get paramGroups(): Stepper['paramGroups'] {
    return this.#stepper.paramGroups
  }

  /** Sets the rate of every group to its share of `lr`. */
  setLr(lr: number): void {
    for (const [i, group] of this.paramGroups.entries()) group.lr = lr * this.#lrScales[i]!
  }

  /** Forgets all gradients. */
  zeroGrad(): void {
    this.#stepper.zeroGrad()
  }

  /** Updates every parameter that has a gradient. */
  step(): void {
    this.#stepper.step()
  }

  /** The tensors are the optimizer's own, which the next step changes: save or clone them. */
  stateDict(): TrainOptimizerState {
    return this.#stepper.stateDict()
  }

  /**
   * Continues from a state, whose tensors are copied.
   *
   * @throws ArgumentError when the state is not that of such an optimizer.
   */
  loadStateDict(state: TrainOptimizerState): void {
    this.#stepper.loadStateDict(state as optim.OptimizerStateDict & optim.LookaheadStateDict)
  }
}

/**
 * The optimizer that `config` describes, over the parameters of `model`.
 *
 * @throws TrainError for a group that no parameter is of; ArgumentError for what the optimizer refuses.
 */
export function createOptimizer(model: nn.Module, config: RunConfig): TrainOptimizer {
  const groups = parameterGroups(model.namedParameters(), config.optimizer)
  const base = baseOptimizer(groups, config.optimizer)
  const lrScales = groups.map(({ lrScale }) => lrScale)
  const { sam, lookahead } = config
  return new TrainOptimizer(
    lookahead ? new optim.Lookahead(base, lookahead) : base,
    lrScales,
    sam ? new optim.SAM(base, { rho: sam.rho }) : null,
  )
}

/** Parameters that are trained alike. */
export interface TrainGroup {
  params: Tensor[]
  weightDecay: number
  /** The rate over the run's. */
  lrScale: number
}

/**
 * Groups of the parameters: by what decays, by Fixup's scalars, and by the groups of the recipe.
 *
 * @throws TrainError for a group of the recipe that no parameter is of.
 */
export function parameterGroups(
  parameters: NamedParameters,
  { weightDecay, decay = 'kernels', groups: own = [] }: OptimizerConfig,
): TrainGroup[] {
  const all = [...parameters]
  const names = all.map(([name]) => name)
  const chosen = own.map(({ match, ...settings }, i) => ({
    names: new Set(namesOf(names, match, `optimizer.groups[${i}].match`)),
    settings,
  }))
  const groups = new Map<string, TrainGroup>()
  for (const [name, parameter] of all) {
    const settings = {
      weightDecay: DECAYS[decay](name, parameter) ? weightDecay : 0,
      lrScale: isFixupScalar(name, parameter) ? FIXUP_LR_SCALE : 1,
      ...Object.assign(
        {},
        ...chosen.filter(({ names }) => names.has(name)).map(one => one.settings),
      ),
    }
    const key = JSON.stringify([settings.weightDecay, settings.lrScale])
    const group = groups.get(key) ?? { ...settings, params: [] }
    group.params.push(parameter)
    groups.set(key, group)
  }
  return [...groups.values()]
}

/**
 * What decays. Kernels alone: no gains, biases, norm weights, SkipInit scalars (deepmind-research
 * nfnets: nothing named gain, bias, scale or offset) nor what RescaleNet's authors name _bias and
 * _scale, whatever its shape. timm: whatever has more than one dimension and is no bias, so the gains
 * (C, 1, 1, 1) of its standardized convolutions too. All: Fixup's code.
 */
const DECAYS = {
  kernels: (name: string, { dim }: Tensor) => dim > 1 && name.endsWith('weight'),
  timm: (name: string, { dim }: Tensor) => dim > 1 && !name.endsWith('.bias'),
  all: () => true,
}

/** Fixup's code trains its scalar biases and scales at a tenth of the rate (hongyi-zhang/Fixup). */
const FIXUP_LR_SCALE = 0.1

const isFixupScalar = (name: string, { dim, numel }: Tensor): boolean =>
  dim === 1 && numel === 1 && /(^|\.)(bias\d[ab]?|scale)$/.test(name)

function baseOptimizer(groups: readonly TrainGroup[], config: OptimizerConfig): optim.Optimizer {
  const params = groups.map(({ params, weightDecay }) => ({ params, weightDecay }))
  const { lr, weightDecay } = config
  switch (config.kind) {
    case undefined:
    case 'sgd': {
      const { momentum, nesterov } = config
      return new optim.SGD(params, { lr, weightDecay, momentum, nesterov })
    }
    case 'rmsprop': {
      const { alpha, momentum, eps } = config
      return new optim.RMSprop(params, { lr, weightDecay, alpha, momentum, eps })
    }
    case 'lamb':
      return new optim.LAMB(params, { ...adamOptions(config), maxGradNorm: config.maxGradNorm })
    case 'adam':
      return new optim.Adam(params, adamOptions(config))
    case 'adamw':
      return new optim.AdamW(params, adamOptions(config))
    case 'nadamw':
      return new optim.NAdamW(params, adamOptions(config))
  }
}

function adamOptions({
  lr,
  weightDecay,
  eps,
  betas,
}: Extract<OptimizerConfig, { betas: unknown }>) {
  return { lr, weightDecay, eps, betas: betas as [number, number] }
}
