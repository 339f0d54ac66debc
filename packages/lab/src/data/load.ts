// Data by URI: one table of schemes. Adding a source is adding a row.
import { downloadCifar10, loadCifar10 } from './cifar10.ts'
import { DataError } from './errors.ts'
import { loadFolder } from './folder.ts'
import { loadSynthetic } from './synthetic.ts'
import type { ImageData, LoadOptions } from './types.ts'

/** What a scheme does alone (`name`) and with a path (`name:PATH`); a form that is missing is refused. */
interface Scheme {
  alone?: (options: LoadOptions) => Promise<ImageData>
  withPath?: (path: string, options: LoadOptions) => Promise<ImageData>
}

const SCHEMES = new Map<string, Scheme>([
  ['synthetic', { alone: loadSynthetic }],
  ['cifar10', { alone: options => downloadCifar10(options), withPath: loadCifar10 }],
  ['folder', { withPath: loadFolder }],
])

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
  const colon = uri.indexOf(':')
  const path = uri.slice(colon + 1)
  const scheme = SCHEMES.get(colon < 0 ? uri : uri.slice(0, colon))
  if (colon < 0 && scheme?.alone) return scheme.alone(options)
  if (colon >= 0 && path !== '' && scheme?.withPath) return scheme.withPath(path, options)
  throw new DataError(
    `Expected a known source for \`data\` but received ${JSON.stringify(uri)}. There are ${KNOWN}.`,
  )
}
