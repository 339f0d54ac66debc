// A strict reader of event files for tests, written from the formats and not from the writer: it refuses
// a wrong checksum, a torn record and any field that it does not know.
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'

export interface ReadEvent {
  wallTime: number
  step: number
  fileVersion?: string
  restart?: true
  scalars?: Record<string, number>
}

export function readEvents(file: string): ReadEvent[] {
  const bytes = readFileSync(file)
  const events: ReadEvent[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at))
    const data = bytes.subarray(at + 12, at + 12 + length)
    expect(data.length, 'a whole record').toBe(length)
    expect(bytes.readUInt32LE(at + 8), 'checksum of the length').toBe(
      masked(bytes.subarray(at, at + 8)),
    )
    expect(bytes.readUInt32LE(at + 12 + length), 'checksum of the data').toBe(masked(data))
    events.push(readEvent(data))
    at += 16 + length
  }
  return events
}

/** Bit by bit, from the polynomial 0x1edc6f41 in reverse. */
function masked(data: Uint8Array): number {
  let crc = 0xffffffffn
  for (const byte of data) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1n) ^ (crc & 1n ? 0x82f63b78n : 0n)
  }
  crc ^= 0xffffffffn
  return Number((((crc >> 15n) | ((crc << 17n) & 0xffffffffn)) + 0xa282ead8n) & 0xffffffffn)
}

function readEvent(data: Buffer): ReadEvent {
  const fields = readFields(data)
  const event: ReadEvent = { wallTime: (fields.take(1, 1) as Buffer).readDoubleLE(), step: 0 }
  event.step = (fields.take(2, 0) as number | undefined) ?? 0
  const version = fields.take(3, 2) as Buffer | undefined
  const summary = fields.take(5, 2) as Buffer | undefined
  const session = fields.take(7, 2) as Buffer | undefined
  fields.end()
  if (version) event.fileVersion = version.toString()
  if (session) {
    expect(session).toEqual(Buffer.of(8, 1))
    event.restart = true
  }
  if (summary) event.scalars = readSummary(summary)
  return event
}

function readSummary(data: Buffer): Record<string, number> {
  const scalars: Record<string, number> = {}
  const fields = readFields(data)
  for (let value = fields.take(1, 2); value; value = fields.take(1, 2)) {
    const inner = readFields(value as Buffer)
    const tag = (inner.take(1, 2) as Buffer).toString()
    scalars[tag] = (inner.take(2, 5) as Buffer).readFloatLE()
    inner.end()
  }
  fields.end()
  return scalars
}

/** Fields in the order of the message: take() gives the next one if it has this number and wire type. */
function readFields(data: Buffer) {
  let at = 0
  const varint = () => {
    let [value, unit] = [0, 1]
    for (;;) {
      const byte = data.readUInt8(at++)
      value += (byte & 127) * unit
      if (byte < 128) return value
      unit *= 128
    }
  }
  const read = (wire: number): Buffer | number => {
    if (wire === 0) return varint()
    const size = wire === 1 ? 8 : wire === 5 ? 4 : varint()
    at += size
    expect(at).toBeLessThanOrEqual(data.length)
    return data.subarray(at - size, at)
  }
  return {
    take(field: number, wire: number): Buffer | number | undefined {
      const before = at
      if (at < data.length && varint() === field * 8 + wire) return read(wire)
      at = before
      return undefined
    },
    end: () => expect(at, 'all fields are known').toBe(data.length),
  }
}
