// `normfree models`: the registry as a table.
import { countMacs, countParameters, listModels, type ModelEntry } from 'normfree'
import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import type { CommonFlags } from '../flags.ts'
import { count } from '../format.ts'
import { table } from '../table.ts'
import { configureEngine } from './engine.ts'

const numbers = ['parameters', 'MACs']

export default async function models(
  this: Context,
  flags: CommonFlags,
  filter?: string,
): Promise<void> {
  // One image at a time is too little work to share between threads.
  configureEngine({ ...flags, threads: flags.threads ?? 1 })
  const found = listModels(filter).map(describe)
  if (found.length === 0) {
    throw new UsageError(
      `Expected a part of the name, family or description of a model but received ${JSON.stringify(filter)}. \`normfree models\` lists all.`,
    )
  }
  if (flags.json) this.printJson(found)
  else {
    const rows = found.map(model => [
      model.name,
      model.description,
      count(model.parameters),
      `${(model.macs / 1e6).toFixed(2)} M`,
      model.paper,
    ])
    this.print(table(['name', 'description', ...numbers, 'paper'], rows, numbers))
  }
}

function describe({ name, family, description, paper, resolution, create }: ModelEntry) {
  const model = create({})
  const [parameters, macs] = [countParameters(model), countMacs(model, resolution)]
  return { name, family, description, parameters, macs, resolution, paper }
}
