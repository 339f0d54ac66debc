// TensorBoard's events as bytes: the few fields of event.proto and summary.proto that curves need
// (https://github.com/tensorflow/tensorboard, tensorboard/compat/proto), in protocol buffers' wire format.
import type { Scalars } from './scalars.ts'

/** The first event of a file, without which TensorBoard ignores restarts. */
export const versionEvent = (wallTime: number): Uint8Array =>
  event(wallTime, 0, text(EVENT.fileVersion, 'brain.Event:2'))

/** A run that goes on at `step`: TensorBoard forgets what it has read of this step and later ones. */
export const restartEvent = (wallTime: number, step: number): Uint8Array =>
  event(wallTime, step, bytes(EVENT.sessionLog, integer(SESSION_LOG.status, START)))

/** The numbers of one line; as 32-bit floats, which is what TensorBoard keeps. */
export const scalarsEvent = (wallTime: number, { step, values }: Scalars): Uint8Array => {
  const summary = values.map(([tag, value]) =>
    bytes(SUMMARY.value, Buffer.concat([text(VALUE.tag, tag), float(VALUE.simpleValue, value)])),
  )
  return event(wallTime, step, bytes(EVENT.summary, Buffer.concat(summary)))
}

const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5, sessionLog: 7 } as const
const SUMMARY = { value: 1 } as const
const VALUE = { tag: 1, simpleValue: 2 } as const
const SESSION_LOG = { status: 1 } as const
const START = 1

const event = (wallTime: number, step: number, what: Uint8Array): Uint8Array =>
  Buffer.concat([double(EVENT.wallTime, wallTime), integer(EVENT.step, step), what])

const WIRE = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const

/** A non-negative integer, seven bits a byte, the least first. */
function varint(value: number): number[] {
  const low = value % 128
  return value < 128 ? [low] : [low + 128, ...varint(Math.floor(value / 128))]
}

const key = (field: number, wire: number): number[] => varint(field * 8 + wire)

const integer = (field: number, value: number): Uint8Array =>
  Uint8Array.from([...key(field, WIRE.varint), ...varint(value)])

const bytes = (field: number, value: Uint8Array): Uint8Array =>
  Buffer.concat([
    Uint8Array.from([...key(field, WIRE.lengthDelimited), ...varint(value.length)]),
    value,
  ])

const text = (field: number, value: string): Uint8Array => bytes(field, Buffer.from(value))

function double(field: number, value: number): Uint8Array {
  const written = Buffer.alloc(8)
  written.writeDoubleLE(value)
  return Buffer.concat([Uint8Array.from(key(field, WIRE.fixed64)), written])
}

function float(field: number, value: number): Uint8Array {
  const written = Buffer.alloc(4)
  written.writeFloatLE(value)
  return Buffer.concat([Uint8Array.from(key(field, WIRE.fixed32)), written])
}
