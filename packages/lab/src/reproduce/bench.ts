// What claims run on: the size of the figures' nets, the data, and signals that several claims share.
import type { SignalRecord } from '@normfree/runs'
import { manualSeed } from '@normfree/torch'
import type { ImageData } from '../data/types.ts'

/** Settings of {@link Bench}. */
export interface BenchOptions {
  /** Of everything random; each claim and each signal starts from it. Default 0. */
  seed?: number
  /** Blocks of each of the four stages of the figures' nets. Default 50: 600 layers. */
  blocks?: number
  /** Side of the figures' noise images in pixels. Default 512. */
  side?: number
  /** Noise images. Default 2. */
  batch?: number
  /** Loads the images for the claims on data. */
  loadData(): Promise<ImageData>
}

/** One run over claims. */
export class Bench {
  readonly seed: number
  readonly blocks: number
  readonly side: number
  readonly batch: number
  readonly #load: () => Promise<ImageData>
  readonly #signals = new Map<string, SignalRecord>()
  #data: Promise<ImageData> | undefined

  constructor({ seed = 0, blocks = 50, side = 512, batch = 2, loadData }: BenchOptions) {
    this.seed = seed
    this.blocks = blocks
    this.side = side
    this.batch = batch
    this.#load = loadData
  }

  /** The images, loaded when they are first asked for. */
  data(): Promise<ImageData> {
    this.#data ??= this.#load()
    return this.#data
  }

  /** Measures the signal of that name once; it does not depend on what ran before. */
  signal(name: string, measure: () => SignalRecord): SignalRecord {
    const known = this.#signals.get(name)
    if (known) return known
    manualSeed(this.seed)
    const signal = measure()
    this.#signals.set(name, signal)
    return signal
  }
}
