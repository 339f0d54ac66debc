// The bytes of a pickle, read one item after another; all lengths are checked against what is left.
import type { FileFormatError } from '../errors.ts'
import type { PickleWorld } from './pickle-value.ts'

/** Bytes of an integer: those of strangers are turned into bigints. */
const MAX_LONG = 1024
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const NEWLINE = 0x0a

export abstract class PickleReader {
  at: number
  protected readonly world: PickleWorld
  readonly #bytes: Uint8Array
  readonly #view: DataView

  constructor(bytes: Uint8Array, start: number, world: PickleWorld) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.world = world
    this.at = start
  }

  refuse(expected: string, received: string, cause?: unknown): FileFormatError {
    return this.world.refuse(`${expected} in the pickle`, received, cause)
  }

  /** Moves on by `count` bytes and returns where they began. */
  skip(count: number): number {
    const at = this.at
    if (count > this.#bytes.length - at)
      throw this.refuse(`${count} bytes at ${at}`, `${this.#bytes.length - at}`)
    this.at += count
    return at
  }

  byte(): number {
    return this.#view.getUint8(this.skip(1))
  }

  uint16(): number {
    return this.#view.getUint16(this.skip(2), true)
  }

  int32(): number {
    return this.#view.getInt32(this.skip(4), true)
  }

  uint32(): number {
    return this.#view.getUint32(this.skip(4), true)
  }

  /** Beyond 2^53 it is rounded, and refused as more than there is. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.skip(8), true))
  }

  float(): number {
    return this.#view.getFloat64(this.skip(8), false)
  }

  text(length: number): string {
    const at = this.skip(length)
    try {
      return UTF8.decode(this.#bytes.subarray(at, at + length))
    } catch (error) {
      throw this.refuse('text in UTF-8', 'other bytes', error)
    }
  }

  /** A view of the next `length` bytes. */
  view(length: number): Uint8Array {
    const at = this.skip(length)
    return this.#bytes.subarray(at, at + length)
  }

  line(): string {
    const end = this.#bytes.indexOf(NEWLINE, this.at)
    if (end < 0) throw this.refuse('a line', 'the end')
    const text = this.text(end - this.at)
    this.skip(1)
    return text
  }

  /** A two's complement integer of `length` bytes, little-endian. */
  long(length: number): number | bigint {
    if (length > MAX_LONG) throw this.refuse(`an integer of at most ${MAX_LONG} bytes`, `${length}`)
    const at = this.skip(length)
    const digits = Buffer.from(this.#bytes.subarray(at, at + length))
      .reverse()
      .toString('hex')
    const value = BigInt.asIntN(8 * length, BigInt(`0x${digits || 0}`))
    return Number.isSafeInteger(Number(value)) ? Number(value) : value
  }
}
