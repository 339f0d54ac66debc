// Random numbers that are a pure function of a key, so that any image, permutation or augmentation
// can be made alone, in any order, in any worker. Must not hold global state nor read a clock.

const LANES = [0x9e3779b9, 0x85ebca6b, 0xc2b2ae35] as const

/** MurmurHash3's 32-bit finalizer: every input bit flips about half of the output bits. */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

function absorb(lane: number, key: number): number {
  const high = Math.floor(key / 0x1_0000_0000) | 0
  return mix(Math.imul(mix(lane ^ (key | 0)) ^ high, 5) + 0x6b43a9b5)
}

/**
 * Chris Doty-Humphrey's sfc32 generator (128 bits of state, of PractRand), started from a hash of `key`.
 * Equal keys give equal streams on every machine; keys that differ in one bit give unrelated ones.
 */
export class Rng {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** @param key - integers (up to 2^53) that name the stream, e.g. `seed, epoch, index` */
  constructor(...key: number[]) {
    const [a, b, c] = LANES.map(lane => key.reduce(absorb, lane))
    this.#a = a!
    this.#b = b!
    this.#c = c!
    for (let i = 0; i < 12; i++) this.uint32()
  }

  /** The next integer in [0, 2^32). */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** The next real number in [low, high), in steps of 2^-32 of the range. */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.uint32() / 0x1_0000_0000)
  }

  /** The next integer in [0, n); for n far below 2^32, where the bias of n / 2^32 does not matter. */
  int(n: number): number {
    return Math.floor((this.uint32() / 0x1_0000_0000) * n)
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uniform() < probability
  }
}

/** The numbers 0..n-1 in an order drawn from `rng` (Fisher and Yates, Durstenfeld's form). */
export function permutation(n: number, rng: Rng): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i)
  for (let i = n - 1; i > 0; i--) {
    const j = rng.int(i + 1)
    const swapped = order[i]!
    order[i] = order[j]!
    order[j] = swapped
  }
  return order
}
