// The worker's end of `batches`: assembles one batch a task and hands its memory over without a copy.
import { move, transferableSymbol, valueSymbol } from 'piscina'
import { type AssembleTask, assemble } from './assemble.ts'
import type { Assembled } from './batch-task.ts'

export default function assembleBatch(task: AssembleTask): Assembled {
  const assembled = assemble(task)
  const moved = { [transferableSymbol]: [assembled.images.buffer], [valueSymbol]: assembled }
  return move(moved) as unknown as Assembled
}
