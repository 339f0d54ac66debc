// Data by URI: one table of schemes. Adding a source is adding a row.
import { downloadCifar10, loadCifar10 } from './cifar10.ts'
import { DataError } from './errors.ts'
import { loadFolder } from './folder.ts'
import { loadSynthetic } from './synthetic.ts'
import type { ImageData, LoadOptions } from './types.ts'

interface Scheme {
  name: string
  /** Whether a path may or must follow the colon. */
  path: 'none' | 'optional' | 'required'
  load: (path: string, options: LoadOptions) => Promise<ImageData>
}

const SCHEMES: readonly Scheme[] = [
  { name: 'synthetic', path: 'none', load: (_, options) => loadSynthetic(options) },
  {
    name: 'cifar10',
    path: 'optional',
    load: (path, options) => (path === '' ? downloadCifar10(options) : loadCifar10(path, options)),
  },
  { name: 'folder', path: 'required', load: loadFolder },
]

const KNOWN =
  '`synthetic`, `cifar10`, `cifar10:DIR` and `folder:PATH` (a folder, .tar, .tar.gz or .tgz)'

/**
 * Loads the data that `uri` names: `synthetic`, `cifar10`, `cifar10:DIR` or `folder:PATH`.
 *
 * @throws DataError when the URI is unknown or what it names cannot be used
 * @example
 * const data = await loadData('folder:photos.tar.gz', { imageSize: 32 })
 */
export async function loadData(uri: string, options: LoadOptions = {}): Promise<ImageData> {
  options.signal?.throwIfAborted()
  const [, name, path = ''] = /^([^:]*):?(.*)$/s.exec(uri)!
  const scheme = SCHEMES.find(known => known.name === name)
  const unfit =
    (scheme?.path === 'none' && uri !== scheme.name) || (scheme?.path === 'required' && path === '')
  if (!scheme || unfit) {
    throw new DataError(
      `Expected a known source for \`data\` but received ${JSON.stringify(uri)}. There are ${KNOWN}.`,
    )
  }
  return scheme.load(path, options)
}
