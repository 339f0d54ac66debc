// `normfree models`: the registry as a table.
import { listModels } from 'normfree'
import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import type { CommonFlags } from '../flags.ts'
import { count } from '../format.ts'
import { table } from '../table.ts'

export default async function models(
  this: Context,
  flags: CommonFlags,
  filter?: string,
): Promise<void> {
  const found = listModels(filter)
  if (found.length === 0) {
    throw new UsageError(
      `Expected the name of a model, or a part of one, but received ${JSON.stringify(filter)}. \`normfree models\` lists all.`,
    )
  }
  if (flags.json) this.printJson(found)
  else {
    const rows = found.map(model => [
      model.name,
      model.family,
      count(model.parameters),
      `${(model.macs / 1e6).toFixed(2)} M`,
      model.paper,
    ])
    this.print(
      table(['name', 'family', 'parameters', 'MACs', 'paper'], rows, ['parameters', 'MACs']),
    )
  }
}
