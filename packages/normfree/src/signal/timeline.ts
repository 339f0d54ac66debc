// A forward pass as a line of events, each with its number: a module is entered or left, an operator
// has run. Two passes of one model have the same line, so that what one pass finds the next can be told
// of by number.
import { type nn, ops } from '@normfree/torch'

/** A call of a module, as long as the pass is inside it. */
export interface ModuleCall {
  /** Dotted name; '' for the model itself. */
  name: string
  /** Number of the event at which it was entered. */
  entered: number
}

/** One operator, when it has run. */
export interface OperatorRun {
  /** `add.Tensor` */
  operator: string
  args: readonly unknown[]
  result: unknown
}

/** What {@link followPass} tells of. Tensors live no longer than the call. */
export interface PassEvents {
  enter(event: number, call: ModuleCall, inputs: readonly unknown[]): void
  leave(event: number, call: ModuleCall, output: unknown): void
  /** `calls`: the modules that are running, the outermost first. */
  operator(event: number, run: OperatorRun, calls: readonly ModuleCall[]): void
}

/**
 * Runs `pass` and tells of everything that happens inside its calls of `model`; numbers begin anew with
 * each. Operators that `events` itself calls are no events.
 */
export function followPass(model: nn.AnyModule, events: PassEvents, pass: () => void): void {
  const calls: ModuleCall[] = []
  let count = 0
  let telling = false
  const tell = (work: () => void) => {
    telling = true
    try {
      work()
    } finally {
      telling = false
    }
  }
  const handles = [...model.namedModules()].flatMap(([name, module]) => [
    module.registerForwardPreHook((_, inputs) => {
      if (name === '') [calls.length, count] = [0, 0]
      const call = { name, entered: count++ }
      calls.push(call)
      tell(() => events.enter(call.entered, call, inputs))
    }),
    module.registerForwardHook((_, __, output) => {
      const call = calls.pop()
      if (call) tell(() => events.leave(count++, call, output))
    }),
  ])
  const observe: ops.OperatorObserver = (operator, args, result) => {
    if (telling || calls.length === 0) return
    tell(() => events.operator(count++, { operator, args, result }, calls))
  }
  try {
    ops.observe(observe, pass)
  } finally {
    for (const handle of handles) handle.remove()
  }
}
