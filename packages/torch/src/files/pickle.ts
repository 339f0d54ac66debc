// Reads pickles of strangers without running them: the opcodes that plain data need, and names that
// mean only what the caller allows. What a pickle builds is a tree of bounded depth (parts may be
// shared), and costs no more than in proportion to its bytes.
// Opcodes: Lib/pickletools.py of CPython; protocols 2 to 5, which is what torch.save writes.
import { PickleMachine } from './pickle-machine.ts'
import { PickleBytes, type PickleValue, type PickleWorld } from './pickle-value.ts'

/**
 * Reads the pickle that begins at `start`.
 *
 * @returns its value, and where the next begins.
 * @throws FileFormatError for a name that is not allowed ("refused: posix.system"), an opcode that
 * plain data do not need, and whatever is malformed.
 */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  world: PickleWorld,
): { value: PickleValue; end: number } {
  const machine = new PickleMachine(bytes, start, world)
  for (;;) {
    const at = machine.at
    const opcode = machine.byte()
    if (opcode === STOP) return { value: machine.pop(), end: machine.at }
    const step = STEPS.get(opcode)
    if (!step) throw machine.refuse('an opcode of plain data', `${hex(opcode)} at byte ${at}`)
    step(machine)
  }
}

const STOP = 0x2e

/** What each opcode does; in the order of pickletools. */
const STEPS: ReadonlyMap<number, (m: PickleMachine) => void> = new Map<
  number,
  (m: PickleMachine) => void
>([
  [0x4a, m => m.push(m.int32())], // BININT
  [0x4b, m => m.push(m.byte())], // BININT1
  [0x4d, m => m.push(m.uint16())], // BININT2
  [0x8a, m => m.push(m.long(m.byte()))], // LONG1
  [0x8b, m => m.push(m.long(m.uint32()))], // LONG4
  [0x54, m => m.push(m.text(m.uint32()))], // BINSTRING
  [0x55, m => m.push(m.text(m.byte()))], // SHORT_BINSTRING
  [0x4e, m => m.push(null)], // NONE
  [0x88, m => m.push(true)], // NEWTRUE
  [0x89, m => m.push(false)], // NEWFALSE
  [0x8c, m => m.push(m.text(m.byte()))], // SHORT_BINUNICODE
  [0x58, m => m.push(m.text(m.uint32()))], // BINUNICODE
  [0x8d, m => m.push(m.text(m.uint64()))], // BINUNICODE8
  [0x42, m => m.push(new PickleBytes(m.view(m.uint32())))], // BINBYTES
  [0x43, m => m.push(new PickleBytes(m.view(m.byte())))], // SHORT_BINBYTES
  [0x8e, m => m.push(new PickleBytes(m.view(m.uint64())))], // BINBYTES8
  [0x47, m => m.push(m.float())], // BINFLOAT
  [0x5d, m => m.push([])], // EMPTY_LIST
  [0x61, m => m.append([m.pop()])], // APPEND
  [0x65, m => m.append(m.popMark())], // APPENDS
  [0x29, m => m.pushTuple([])], // EMPTY_TUPLE
  [0x74, m => m.pushTuple(m.popMark())], // TUPLE
  [0x85, m => m.popTuple(1)], // TUPLE1
  [0x86, m => m.popTuple(2)], // TUPLE2
  [0x87, m => m.popTuple(3)], // TUPLE3
  [0x7d, m => m.push(new Map())], // EMPTY_DICT
  [0x73, m => m.setItems([m.pop(), m.pop()].reverse())], // SETITEM
  [0x75, m => m.setItems(m.popMark())], // SETITEMS
  [0x8f, m => m.push(new Set())], // EMPTY_SET
  [0x90, m => m.addItems(m.popMark())], // ADDITEMS
  [0x30, m => void m.pop()], // POP
  [0x32, m => m.push(m.top())], // DUP
  [0x28, m => m.mark()], // MARK
  [0x31, m => void m.popMark()], // POP_MARK
  [0x68, m => m.recall(m.byte())], // BINGET
  [0x6a, m => m.recall(m.uint32())], // LONG_BINGET
  [0x71, m => m.remember(m.byte())], // BINPUT
  [0x72, m => m.remember(m.uint32())], // LONG_BINPUT
  [0x94, m => m.remember()], // MEMOIZE
  [0x63, m => m.readGlobal()], // GLOBAL
  [0x69, m => m.refuseInstance()], // INST
  [0x93, m => m.stackGlobal()], // STACK_GLOBAL
  [0x52, m => m.reduce()], // REDUCE
  [0x62, m => m.build()], // BUILD
  [0x80, m => void m.skip(1)], // PROTO
  [0x95, m => void m.skip(8)], // FRAME
  [0x51, m => m.persistent()], // BINPERSID
])

const hex = (opcode: number): string => `0x${opcode.toString(16).padStart(2, '0')}`
