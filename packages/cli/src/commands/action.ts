// How a command finds what it does. The module is imported only when the command runs, and a failure
// to import it (no LibTorch) is told like any other error of the command.
import type { BaseArgs } from '@stricli/core'
import type { Context } from '../context.ts'

type Action<Flags, Args extends BaseArgs> = (
  this: Context,
  flags: Flags,
  ...args: Args
) => Promise<void>

/** A command's function, imported when it is called. */
export function action<Flags, Args extends BaseArgs>(
  load: () => Promise<{ default: Action<Flags, Args> }>,
): Action<Flags, Args> {
  return async function (flags, ...args) {
    const module = await load()
    return module.default.call(this, flags, ...args)
  }
}
