// The worker's end of `batches`: assembles one batch a task and hands its memory over without a copy.
import { move } from 'piscina'
import { type AssembleTask, assemble } from './assemble.ts'

export default function assembleBatch(task: AssembleTask): Float32Array {
  return move(assemble(task)) as Float32Array
}
