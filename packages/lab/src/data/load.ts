// Data by URI: one table of schemes. Adding a source is adding a row.
import { CIFAR10, CIFAR100, type CifarSet, downloadCifar, loadCifar } from './cifar.ts'
import { DataError } from './errors.ts'
import { openFolder } from './folder.ts'
import { downloadMnist, FASHION_MNIST, loadMnist, MNIST, type MnistSet } from './mnist.ts'
import { openShards } from './shards.ts'
import { loadSynthetic } from './synthetic.ts'
import type { ImageData, LoadOptions } from './types.ts'

/** What a scheme does alone (`name`) and with a path (`name:PATH`); a form that is missing is refused. */
interface Scheme {
  alone?: (options: LoadOptions) => Promise<ImageData>
  withPath?: (path: string, options: LoadOptions) => Promise<ImageData>
  /** Whether `?size=...` and the like may follow: images of files do, sets of one size do not. */
  takesOptions?: true
}

function cifar(set: CifarSet): [string, Scheme] {
  return [
    set.name,
    {
      alone: options => downloadCifar(set, options),
      withPath: (path, options) => loadCifar(set, path, options),
    },
  ]
}

function mnist(set: MnistSet): [string, Scheme] {
  return [
    set.name,
    { alone: options => downloadMnist(set, options), withPath: path => loadMnist(set, path) },
  ]
}

const SCHEMES = new Map<string, Scheme>([
  ['synthetic', { alone: loadSynthetic }],
  ...[CIFAR10, CIFAR100].map(cifar),
  ...[MNIST, FASHION_MNIST].map(mnist),
  ['folder', { withPath: openFolder, takesOptions: true }],
  ['shards', { withPath: openShards, takesOptions: true }],
])

const KNOWN =
  '`synthetic`, `cifar10`, `cifar100`, `mnist`, `fashion-mnist` (each of the last four also with `:DIR`), `folder:PATH` (a folder, .tar, .tar.gz or .tgz) and `shards:DIR`'

/**
 * Loads the data that `uri` names: `synthetic`; `cifar10`, `cifar100`, `mnist`, `fashion-mnist`, downloaded
 * or out of a folder (`cifar10:DIR`); `folder:PATH` (ImageFolder); `shards:DIR` (tar files in the manner of
 * WebDataset). What the URI of a folder or of shards may end in stands for the options of the same meaning:
 * `?size=224` (`imageSize`), `&decode=each`, `&corrupt=skip` and `&holdout=5`.
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
    if (key === 'holdout' && /^([2-9]|[1-9]\d{1,3})$/.test(value)) return { holdout: Number(value) }
    if (key === 'corrupt' && (value === 'fail' || value === 'skip')) return { corrupt: value }
    throw new DataError(
      `Expected size=PIXELS, decode=once|each, corrupt=fail|skip or holdout=N (from 2) for \`data\` but received ${key}=${value} (${uri}).`,
    )
  })
  return Object.assign({}, ...entries)
}
