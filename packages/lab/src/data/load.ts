// Data by URI: one table of schemes. Adding a source is adding a row.
import { downloadCifar10, loadCifar10 } from './cifar10.ts'
import { DataError } from './errors.ts'
import { openFolder } from './folder.ts'
import { loadSynthetic } from './synthetic.ts'
import type { ImageData, LoadOptions } from './types.ts'

/** What a scheme does alone (`name`) and with a path (`name:PATH`); a form that is missing is refused. */
interface Scheme {
  alone?: (options: LoadOptions) => Promise<ImageData>
  withPath?: (path: string, options: LoadOptions) => Promise<ImageData>
  /** Whether `?size=...` and the like may follow: images of files do, sets of one size do not. */
  takesOptions?: true
}

const SCHEMES = new Map<string, Scheme>([
  ['synthetic', { alone: loadSynthetic }],
  ['cifar10', { alone: options => downloadCifar10(options), withPath: loadCifar10 }],
  ['folder', { withPath: openFolder, takesOptions: true }],
])

const KNOWN =
  '`synthetic`, `cifar10`, `cifar10:DIR` and `folder:PATH` (a folder, .tar, .tar.gz or .tgz)'

/**
 * Loads the data that `uri` names: `synthetic`, `cifar10`, `cifar10:DIR` or `folder:PATH`. What a URI of
 * images in files may end in stands for the options of the same meaning: `?size=224` (`imageSize`),
 * `&decode=each` and `&corrupt=skip`.
 *
 * @throws DataError when the URI is unknown or what it names cannot be used
 * @example
 * const data = await loadData('folder:photos.tar.gz', { imageSize: 32 })
 * const photos = await loadData('folder:photos?size=224&decode=each')
 */
export async function loadData(uri: string, options: LoadOptions = {}): Promise<ImageData> {
  options.signal?.throwIfAborted()
  const colon = uri.indexOf(':')
  const scheme = SCHEMES.get(colon < 0 ? uri : uri.slice(0, colon))
  const { path, asked } = split(uri.slice(colon + 1), scheme)
  if (colon < 0 && scheme?.alone) return scheme.alone(options)
  if (colon >= 0 && path !== '' && scheme?.withPath) {
    const data = await scheme.withPath(path, { ...options, ...optionsOf(asked, uri) })
    return { ...data, name: uri }
  }
  throw new DataError(
    `Expected a known source for \`data\` but received ${JSON.stringify(uri)}. There are ${KNOWN}.`,
  )
}

/** The path, and what stands behind its last `?`. */
function split(rest: string, scheme: Scheme | undefined): { path: string; asked: string } {
  const mark = scheme?.takesOptions ? rest.lastIndexOf('?') : -1
  return mark < 0
    ? { path: rest, asked: '' }
    : { path: rest.slice(0, mark), asked: rest.slice(mark + 1) }
}

function optionsOf(asked: string, uri: string): Partial<LoadOptions> {
  const entries = [...new URLSearchParams(asked)].map(([key, value]): Partial<LoadOptions> => {
    if (key === 'size' && /^[1-9]\d{0,3}$/.test(value)) return { imageSize: Number(value) }
    if (key === 'decode' && (value === 'once' || value === 'each')) return { decode: value }
    if (key === 'corrupt' && (value === 'fail' || value === 'skip')) return { corrupt: value }
    throw new DataError(
      `Expected size=PIXELS, decode=once|each or corrupt=fail|skip for \`data\` but received ${key}=${value} (${uri}).`,
    )
  })
  return Object.assign({}, ...entries)
}
