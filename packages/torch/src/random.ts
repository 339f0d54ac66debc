// Random streams: one default stream a device, and Generators of one's own. Their state is a tensor
// that can be saved, so that a resumed run continues the same stream.
import { attempt } from './call.ts'
import { ArgumentError, DisposedError } from './errors.ts'
import { native } from './native.ts'
import { Tensor } from './tensor.ts'
import { releaseHandles } from './tensor-base.ts'
import type { Device } from './types.ts'

const collected = new FinalizationRegistry<number>(handle => releaseHandles([handle]))

/**
 * A random stream of its own, which any operator that draws takes as `options.generator`. It belongs
 * to no scope: it lives until dispose() or until it is collected.
 *
 * @example randn([2, 3], { generator: new Generator().manualSeed(7) })
 */
export class Generator {
  #handle: number
  /** Where the stream draws: tensors drawn from it must be there too. */
  readonly device: Device

  /**
   * A stream that starts from PyTorch's default seed, 67280421310721.
   *
   * @param device default 'cpu'
   * @throws TorchError when this LibTorch does not have the device.
   */
  constructor(device: Device = 'cpu') {
    this.device = device
    this.#handle = attempt('Generator', [device], () => native.generator(device, true))
    collected.register(this, this.#handle, this)
  }

  /** The native stream; throws DisposedError once it was released. */
  get handle(): number {
    if (this.#handle === 0)
      throw new DisposedError('This generator was released by dispose(). Make a new one.')
    return this.#handle
  }

  /** Starts the stream anew from `seed`, an integer from 0 to 2^53. */
  manualSeed(seed: number): this {
    native.seedGenerator(this.handle, checkedSeed(seed))
    return this
  }

  /** The seed that the stream started from. */
  initialSeed(): number {
    return native.generatorSeed(this.handle)
  }

  /** Where the stream is now: a uint8 tensor on the CPU, PyTorch's own bytes. */
  getState(): Tensor {
    return new Tensor(native.generatorState(this.handle))
  }

  /**
   * Continues from `state`, which getState of a stream of the same kind of device gave.
   *
   * @throws TorchError when it is not such a state.
   */
  setState(state: Tensor): this {
    setState(this.handle, state)
    return this
  }

  /** Gives the stream back now; a second call does nothing. */
  dispose(): void {
    if (this.#handle === 0) return
    collected.unregister(this)
    releaseHandles([this.#handle])
    this.#handle = 0
  }

  /** The same as dispose(), for `using`. */
  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** Seeds every default random stream: the same seed and threads repeat a CPU run bit for bit. */
export function manualSeed(seed: number): void {
  native.manualSeed(checkedSeed(seed))
}

/** The state of a device's default stream: a uint8 tensor on the CPU. Device: default 'cpu'. */
export const getRngState = (device: Device = 'cpu'): Tensor =>
  withDefault(device, handle => new Tensor(native.generatorState(handle)))

/**
 * Continues a device's default stream (that of 'cpu' by default) from `state`.
 *
 * @throws TorchError when `state` did not come from getRngState of the same kind of device.
 */
export const setRngState = (state: Tensor, device: Device = 'cpu'): void =>
  withDefault(device, handle => setState(handle, state))

function withDefault<T>(device: Device, work: (handle: number) => T): T {
  const handle = attempt('defaultGenerator', [device], () => native.generator(device, false))
  try {
    return work(handle)
  } finally {
    releaseHandles([handle])
  }
}

const setState = (generator: number, state: Tensor): void =>
  attempt('setState', [state], () => native.setGeneratorState(generator, state.handle))

function checkedSeed(seed: number): number {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new ArgumentError(`Expected a non-negative integer for \`seed\` but received ${seed}.`)
  return seed
}
