// Loss scaling, without which small gradients vanish in float16. The scale is a number on this side
// and not a tensor: a step reads whether gradients are finite anyway, so nothing waits twice.
import { noGrad } from '../autograd.ts'
import { ArgumentError } from '../errors.ts'
import { stack } from '../generated/functions.ts'
import { tidy } from '../memory.ts'
import { multiply_ } from '../optim/foreach.ts'
import type { Tensor } from '../tensor.ts'
import type { Device } from '../types.ts'

/** Where the scale of a {@link GradScaler} starts and how it moves; defaults are PyTorch's. */
export interface GradScalerOptions {
  /** Default 65536. */
  initScale?: number
  /** Factor at every growth, > 1. Default 2. */
  growthFactor?: number
  /** Factor after a step whose gradients were not finite, > 0 and < 1. Default 0.5. */
  backoffFactor?: number
  /** Finite steps in a row until the scale grows. Default 2000. */
  growthInterval?: number
  /** False makes every method pass through. Default true. */
  enabled?: boolean
}

/** What a resumed run needs, all plain numbers; empty when the scaler is disabled. */
export interface GradScalerState {
  scale: number
  growthFactor: number
  backoffFactor: number
  growthInterval: number
  growthTracker: number
}

/** What the scaler needs of an optimizer: one of `optim`, or a wrapper around one. */
export interface Steppable {
  /** Whose gradients are unscaled. */
  readonly paramGroups: readonly { readonly params: readonly Tensor[] }[]
  /** Updates the parameters; not called where a gradient is not finite. */
  step(): void
}

/** Unscaled, or stepped, since the last update; whether a gradient was not finite. */
interface Progress {
  stepped: boolean
  foundInf: boolean
}

/**
 * PyTorch's torch.amp.GradScaler: scales the loss, divides the gradients by the scale before the
 * step, skips steps whose gradients are not finite, and adapts the scale to how often that happens.
 *
 * @example
 * scaler.scale(loss).backward()
 * scaler.unscale_(optimizer) // only to clip
 * scaler.step(optimizer)
 * scaler.update()
 */
export class GradScaler {
  #state: GradScalerState
  readonly #enabled: boolean
  #progress = new Map<Steppable, Progress>()

  constructor(options: GradScalerOptions = {}) {
    const {
      initScale = 65536,
      growthFactor = 2,
      backoffFactor = 0.5,
      growthInterval = 2000,
      enabled = true,
    } = options
    this.#enabled = enabled
    this.#state = checked({
      scale: initScale,
      growthFactor,
      backoffFactor,
      growthInterval,
      growthTracker: 0,
    })
  }

  /** False for a scaler that passes everything through. */
  isEnabled(): boolean {
    return this.#enabled
  }

  /** The scale now; 1 when disabled. */
  getScale(): number {
    return this.#enabled ? this.#state.scale : 1
  }

  /** `outputs`, a loss of any shape or several of them, times the scale. */
  scale(outputs: Tensor): Tensor
  scale(outputs: readonly Tensor[]): Tensor[]
  scale(outputs: Tensor | readonly Tensor[]): Tensor | Tensor[] {
    const one = (output: Tensor) => (this.#enabled ? output.mul(this.#state.scale) : output)
    return Array.isArray(outputs) ? outputs.map(one) : one(outputs as Tensor)
  }

  /**
   * Divides the gradients of `optimizer`'s parameters by the scale, in place, and notes whether one
   * is not finite. Call it before clipping; step() calls it otherwise.
   *
   * @throws ArgumentError for a second call, or one after step(), before the next update(); for
   *   float16 gradients, whose parameters should be float32; when no parameter has a gradient.
   */
  unscale_(optimizer: Steppable): void {
    if (!this.#enabled) return
    const progress = this.#progress.get(optimizer)
    if (progress)
      throw new ArgumentError(
        `Expected one unscale_() between two update() but received a second one${progress.stepped ? ', after step()' : ''}.`,
      )
    const foundInf = noGrad(() => tidy(() => unscale(gradientsOf(optimizer), this.#state.scale)))
    this.#progress.set(optimizer, { stepped: false, foundInf })
  }

  /**
   * Unscales unless unscale_ did, and steps unless a gradient is not finite.
   *
   * @returns whether the optimizer stepped.
   * @throws ArgumentError for a second call before the next update().
   */
  step(optimizer: Steppable): boolean {
    if (this.#enabled) {
      if (!this.#progress.has(optimizer)) this.unscale_(optimizer)
      const progress = this.#progress.get(optimizer) as Progress
      if (progress.stepped)
        throw new ArgumentError(
          'Expected one step() between two update() but received a second one.',
        )
      progress.stepped = true
      if (progress.foundInf) return false
    }
    optimizer.step()
    return true
  }

  /**
   * Ends the iteration: lowers the scale when a gradient was not finite, raises it after
   * `growthInterval` finite ones in a row (never beyond float32), or sets it to `newScale`.
   *
   * @throws ArgumentError when no optimizer was unscaled or stepped since the last update.
   */
  update(newScale?: number): void {
    if (!this.#enabled) return
    if (newScale !== undefined) this.#state = checked({ ...this.#state, scale: newScale })
    else this.#adapt([...this.#progress.values()])
    this.#progress = new Map()
  }

  #adapt(progress: readonly Progress[]): void {
    const state = this.#state
    if (progress.length === 0)
      throw new ArgumentError('Expected a step() or unscale_() before update() but received none.')
    if (progress.some(({ foundInf }) => foundInf)) {
      state.scale = Math.fround(state.scale * state.backoffFactor)
      state.growthTracker = 0
    } else if (++state.growthTracker === state.growthInterval) {
      const grown = Math.fround(state.scale * state.growthFactor)
      if (Number.isFinite(grown)) state.scale = grown
      state.growthTracker = 0
    }
  }

  /** What `loadStateDict` continues from; plain numbers, which JSON keeps. */
  stateDict(): GradScalerState | Record<string, never> {
    return this.#enabled ? { ...this.#state } : {}
  }

  /**
   * Continues from a state.
   *
   * @throws ArgumentError for one that is not a state, such as that of a disabled scaler.
   */
  loadStateDict(state: GradScalerState | Record<string, never>): void {
    if (this.#enabled) this.#state = checked({ ...(state as GradScalerState) })
  }
}

function gradientsOf(optimizer: Steppable): Tensor[] {
  const gradients = optimizer.paramGroups
    .flatMap(({ params }) => params.map(param => param.grad))
    .filter(gradient => gradient !== null)
  if (gradients.length === 0)
    throw new ArgumentError(
      'Expected gradients to unscale but received parameters that have none. Call backward first.',
    )
  if (gradients.some(({ dtype }) => dtype === 'float16'))
    throw new ArgumentError(
      'Expected float32 gradients to unscale but received float16. Leave the parameters in float32: autocast does the casts.',
    )
  return gradients
}

/** PyTorch's arithmetic: times the float32 reciprocal. True when a gradient was not finite. */
function unscale(gradients: readonly Tensor[], scale: number): boolean {
  const flags = new Map<Device, Tensor[]>()
  for (const gradient of gradients) {
    const { device } = gradient
    if (!flags.has(device)) flags.set(device, [])
    flags.get(device)?.push(gradient.isfinite().all())
  }
  multiply_(gradients, Math.fround(1 / scale))
  // One wait for each device, after all its work was given to it.
  return [...flags.values()].some(found => stack(found).all().item() === 0)
}

function checked(state: GradScalerState): GradScalerState {
  const rules: Record<keyof GradScalerState, [boolean, string]> = {
    scale: [state.scale > 0 && Number.isFinite(state.scale), 'a number > 0'],
    growthFactor: [state.growthFactor > 1, 'a number > 1'],
    backoffFactor: [state.backoffFactor > 0 && state.backoffFactor < 1, 'a number > 0 and < 1'],
    growthInterval: [state.growthInterval >= 1, 'a number >= 1'],
    growthTracker: [state.growthTracker >= 0, 'a number >= 0'],
  }
  for (const [name, [holds, expected]] of Object.entries(rules))
    if (!holds)
      throw new ArgumentError(
        `Expected ${expected} for \`${name}\` but received ${state[name as keyof GradScalerState]}.`,
      )
  return state
}
