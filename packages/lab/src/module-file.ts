// A model of the user's own, out of a JavaScript or TypeScript file.
import { statSync } from 'node:fs'
import { basename, extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { nn } from '@normfree/torch'

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
 * that takes no arguments, or a function that returns a module. The file imports `@normfree/torch` from
 * where this package has it. TypeScript is taken where Node itself reads it.
 *
 * @throws ModuleFileError when there is no such file, Node cannot read it, it throws, or it exports
 * nothing of that kind.
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
  const readsTypes = 'typescript' in process.features && Boolean(process.features.typescript)
  if (ending.endsWith('ts') && !readsTypes)
    throw new ModuleFileError(
      `Expected JavaScript for \`module\` but received ${path}, and Node ${process.versions.node} reads no TypeScript. Compile it with tsc, or use Node 22.18 or later.`,
    )
}

async function exportOf(path: string): Promise<unknown> {
  try {
    const exported = await import(pathToFileURL(resolve(path)).href)
    return exported.default ?? exported.create
  } catch (error) {
    throw failed(`Expected a module file that loads but ${path} throws`, error)
  }
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
