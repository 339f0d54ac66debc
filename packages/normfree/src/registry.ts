// Every model by name. A family adds rows here; a variant is a row of numbers, not a class.
import type { nn } from '@normfree/torch'
import { UnknownModelError } from './errors.ts'
import { CifarResNet, type CifarResNetForm } from './models/cifar-resnet.ts'
import type { ModelEntry, ModelOptions } from './models/entry.ts'
import { normFreeEntries } from './models/normfree-families.ts'
import { nearestNames } from './nearest.ts'

const FORMS: Record<
  CifarResNetForm,
  { prefix: string; suffix: string; description: string; paper: string }
> = {
  batch: {
    prefix: '',
    suffix: '',
    description: 'batch norm',
    paper: 'He et al., 2015 (arXiv:1512.03385)',
  },
  none: {
    prefix: '',
    suffix: '_nonorm',
    description: 'no normalization',
    paper: 'He et al., 2015 (arXiv:1512.03385), norms removed',
  },
  nf: {
    prefix: 'nf_',
    suffix: '',
    description: 'normalizer-free',
    paper: 'Brock et al., 2021 (arXiv:2101.08692), at CIFAR size',
  },
}

const DEPTHS = [20, 32, 44, 56, 110]

function cifarResNets(): ModelEntry[] {
  return Object.entries(FORMS).flatMap(([form, { prefix, suffix, description, paper }]) =>
    DEPTHS.map(depth => ({
      name: `${prefix}resnet${depth}${suffix}`,
      family: 'cifar-resnet',
      description: `${depth} layers, 32 px, ${description}`,
      paper,
      resolution: 32,
      signalResolution: 128,
      create: options => new CifarResNet({ depth, form: form as CifarResNetForm, ...options }),
    })),
  )
}

/** @throws UnknownModelError when a name is taken twice: a mistake in this file. */
function index(entries: readonly ModelEntry[]): ReadonlyMap<string, ModelEntry> {
  const byName = new Map<string, ModelEntry>()
  for (const entry of entries) {
    if (byName.has(entry.name))
      throw new UnknownModelError(
        `Expected unique model names but "${entry.name}" is registered twice.`,
      )
    byName.set(entry.name, entry)
  }
  return byName
}

const REGISTRY = index([...cifarResNets(), ...normFreeEntries()])

/** Models whose name, family or description contains `filter` (any case), in registry order. */
export function listModels(filter = ''): ModelEntry[] {
  const wanted = filter.toLowerCase()
  return [...REGISTRY.values()].filter(entry =>
    [entry.name, entry.family, entry.description].some(text => text.toLowerCase().includes(wanted)),
  )
}

/** @throws UnknownModelError with the nearest names. */
export function modelEntry(name: string): ModelEntry {
  const entry = REGISTRY.get(name)
  if (entry) return entry
  const near = nearestNames(name, [...REGISTRY.keys()])
  const hint = near.length > 0 ? ` Did you mean ${near.join(', ')}?` : ''
  throw new UnknownModelError(
    `Expected a model name but received "${name}".${hint} \`normfree models\` lists all.`,
  )
}

/** A new model with weights from the default random stream (see manualSeed). */
export const createModel = (name: string, options: ModelOptions = {}): nn.Module =>
  modelEntry(name).create(options)
