// A model of the user's own, out of a JavaScript or TypeScript file.
import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, extname, resolve } from 'node:path'
import * as torch from '@normfree/torch'
import { nn } from '@normfree/torch'
import { createJiti } from 'jiti'
import * as normfree from 'normfree'

/** A module file that cannot be used; the message says why and how to mend it. */
export class ModuleFileError extends Error {
  override readonly name = 'ModuleFileError'
  readonly exitCode = 2
}

/** What a module file gives. */
export interface ModuleFile {
  /** Name of the file without its ending, for titles. */
  name: string
  /** A model with weights of its own each time, unless the file exports one module for all. */
  create(): nn.Module
  /** Whether `create` draws new weights each time. */
  redraws: boolean
}

const ENDINGS = ['.js', '.mjs', '.ts', '.mts']

/**
 * Loads the model that `path` exports: as `default`, or as `create`, an nn.Module, a class of modules
 * that takes no arguments, or a function that returns a module. `@normfree/torch` and `normfree` are
 * this program's own wherever the file lies; types of TypeScript are not checked.
 *
 * @throws ModuleFileError when there is no such file, it throws, or it exports nothing of that kind.
 */
export async function loadModuleFile(path: string): Promise<ModuleFile> {
  checkFile(path)
  const create = factoryOf(await exportOf(path), path)
  const first = created(create, path)
  const redraws = created(create, path) !== first
  return { name: basename(path, extname(path)), create: () => created(create, path), redraws }
}

function checkFile(path: string): void {
  const ending = extname(path)
  if (!ENDINGS.includes(ending))
    throw new ModuleFileError(
      `Expected a file that ends in ${ENDINGS.join(', ')} for \`module\` but received ${path}.`,
    )
  if (!statSync(path, { throwIfNoEntry: false })?.isFile())
    throw new ModuleFileError(`Expected a file for \`module\` but there is none at ${path}.`)
}

async function exportOf(path: string): Promise<unknown> {
  try {
    const exported = await evaluated(resolve(path))
    return exported.default ?? exported.create
  } catch (error) {
    throw failed(`Expected a module file that loads but ${path} throws`, error)
  }
}

// Not Node's own import: it reads TypeScript only from 22.18 on, and would give a file outside of this
// project another copy of the packages, whose modules are none of ours, or find none.
const files = createJiti(import.meta.url, {
  virtualModules: { '@normfree/torch': torch, normfree },
  fsCache: false,
  interopDefault: false,
})

interface Exported {
  default?: unknown
  create?: unknown
}

async function evaluated(filename: string): Promise<Exported> {
  const source = await readFile(filename, 'utf8')
  const options = { filename, async: true, forceTranspile: true } as const
  return files.evalModule(source, options) as Promise<Exported>
}

const failed = (what: string, error: unknown): ModuleFileError => {
  const message = error instanceof Error ? error.message : String(error)
  return new ModuleFileError(`${what}: ${message.split('\n')[0]}`, { cause: error })
}

// Modules and classes of them are functions, too.
function factoryOf(exported: unknown, path: string): () => unknown {
  if (exported instanceof nn.Module) return () => exported
  if (typeof exported === 'function') {
    const isClass = exported.prototype instanceof nn.Module
    return () => (isClass ? Reflect.construct(exported, []) : exported())
  }
  throw new ModuleFileError(
    `Expected \`export default\` (or \`export const create\`) of an nn.Module, or of a function that returns one, in ${path} but received ${exported === undefined ? 'no such export' : typeof exported}.`,
  )
}

function created(create: () => unknown, path: string): nn.Module {
  let model: unknown
  try {
    model = create()
  } catch (error) {
    throw failed(`Expected a function that returns a module in ${path} but it throws`, error)
  }
  if (model instanceof nn.Module) return model as nn.Module
  throw new ModuleFileError(
    `Expected an nn.Module from ${path} but received ${describe(model)}. It must import the same @normfree/torch as this program.`,
  )
}

const describe = (value: unknown): string =>
  typeof value === 'object' && value !== null ? `a ${value.constructor?.name}` : String(value)
