// `normfree models`: the registry as a table, or the modules of one model.
import { nn } from '@normfree/torch'
import {
  createModel,
  listModels,
  type ModelEntry,
  modelCost,
  modelEntry,
  moduleTree,
  type TreeNode,
} from 'normfree'
import type { ModelsFlags } from '../commands/models.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../errors.ts'
import { count, operations } from '../format.ts'
import { table } from '../table.ts'
import { configureEngine } from './engine.ts'

export default async function models(
  this: Context,
  flags: ModelsFlags,
  filter?: string,
): Promise<void> {
  // Nothing is computed: only sizes are worked out.
  configureEngine({ ...flags, threads: flags.threads ?? 1 })
  if (flags.tree) printTree(this, flags, filter)
  else printList(this, flags, filter)
}

function printList(context: Context, { json }: ModelsFlags, filter?: string): void {
  const found = listModels(filter)
  if (found.length === 0) {
    throw new UsageError(
      `Expected a part of the name, family or description of a model but received ${JSON.stringify(filter)}. \`normfree models\` lists all.`,
    )
  }
  const described = found.map(describe)
  if (json) {
    context.printJson(described)
    return
  }
  const rows = described.map(model => [
    model.name,
    model.family,
    model.description,
    count(model.parameters),
    operations(model.macs),
    `${model.resolution} px`,
    model.paper,
  ])
  const numbers = ['parameters', 'MACs', 'at']
  context.print(table(['name', 'family', 'description', ...numbers, 'paper'], rows, numbers))
}

function describe({ name, family, description, paper, resolution }: ModelEntry) {
  return { name, family, description, ...modelCost(name), resolution, paper }
}

function printTree(context: Context, { json }: ModelsFlags, name?: string): void {
  if (name === undefined)
    throw new UsageError(
      'Expected the name of a model with --tree but received none: `normfree models nf_resnet50 --tree`.',
    )
  const { resolution } = modelEntry(name)
  const model = nn.utils.skipInit(() => createModel(name))
  const tree = moduleTree(model, resolution)
  if (json) {
    context.printJson({ name, resolution, modules: tree })
    return
  }
  const numbers = ['parameters', 'beta', 'variance']
  const rows = tree.map(treeRow)
  context.print(table([name, 'module', `output at ${resolution} px`, ...numbers], rows, numbers))
}

const treeRow = ({ name, depth, kind, details, output, ...node }: TreeNode): string[] => [
  '  '.repeat(Math.max(0, depth - 1)) + name.slice(name.lastIndexOf('.') + 1),
  details ? `${kind}(${details})` : kind,
  output?.join(' x ') ?? '',
  node.parameters ? count(node.parameters) : '',
  node.beta?.toFixed(4) ?? '',
  node.predictedVariance?.toFixed(4) ?? '',
]
