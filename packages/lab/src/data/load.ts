// Data by URI: one table of schemes. Adding a source is adding a row.
import { openCaltech101 } from './caltech.ts'
import { CIFAR10, CIFAR100, type CifarSet, downloadCifar, loadCifar } from './cifar.ts'
import { openVoc } from './dense/voc.ts'
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
  /** What may follow as `?size=...` and the like. Default: nothing, the set is of one size. */
  asks?: readonly (keyof typeof ASKED)[]
}

/** What a URI may end in: the option it stands for, how it is written, and in words. */
const ASKED = {
  size: ['imageSize', /^[1-9]\d{0,3}$/, 'size=PIXELS'],
  decode: ['decode', /^(once|each)$/, 'decode=once|each'],
  corrupt: ['corrupt', /^(fail|skip)$/, 'corrupt=fail|skip'],
  holdout: ['holdout', /^([2-9]|[1-9]\d{1,3})$/, 'holdout=N (from 2)'],
  seed: ['seed', /^\d{1,9}$/, 'seed=N'],
} as const satisfies Record<string, readonly [keyof LoadOptions, RegExp, string]>

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
  ['folder', { withPath: openFolder, asks: ['size', 'decode', 'corrupt', 'holdout'] }],
  ['shards', { withPath: openShards, asks: ['size', 'decode', 'corrupt'] }],
  ['caltech101', { withPath: openCaltech101, asks: ['size', 'decode', 'corrupt', 'seed'] }],
  ['voc', { withPath: openVoc, asks: ['size', 'corrupt'] }],
  [
    'nyu',
    {
      // Loaded on demand: nothing else needs an HDF5 library.
      withPath: async (path, options) => (await import('./dense/nyu.ts')).openNyu(path, options),
      asks: ['size', 'corrupt'],
    },
  ],
])

const KNOWN =
  '`synthetic`, `cifar10`, `cifar100`, `mnist`, `fashion-mnist` (each of the last four also with `:DIR`), `folder:PATH` (a folder, .tar, .tar.gz or .tgz), `shards:DIR`, `caltech101:PATH`, `voc:DIR` and `nyu:FILE`'

/**
 * Loads the data that `uri` names: `synthetic`; `cifar10`, `cifar100`, `mnist`, `fashion-mnist`, downloaded
 * or out of a folder (`cifar10:DIR`); `folder:PATH` (ImageFolder); `shards:DIR` (tar files in the manner of
 * WebDataset); `caltech101:PATH`; and with a value for each pixel, `voc:DIR` (Pascal VOC segmentation) and
 * `nyu:FILE` (NYU Depth v2). What the URI of files may end in stands for the options of the same meaning:
 * `?size=224` (`imageSize`), `&decode=each`, `&corrupt=skip`, `&holdout=5` and `&seed=1`, each where it has
 * one.
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
    const data = await scheme.withPath(path, { ...options, ...optionsOf(asked, scheme, uri) })
    return { ...data, name: uri }
  }
  throw new DataError(
    `Expected a known source for \`data\` but received ${JSON.stringify(uri)}. There are ${KNOWN}.`,
  )
}

/** The path, and what stands behind its last `?`. */
function split(rest: string, scheme: Scheme | undefined): { path: string; asked: string } {
  const mark = scheme?.asks ? rest.lastIndexOf('?') : -1
  return mark < 0
    ? { path: rest, asked: '' }
    : { path: rest.slice(0, mark), asked: rest.slice(mark + 1) }
}

function optionsOf(asked: string, { asks = [] }: Scheme, uri: string): Partial<LoadOptions> {
  const entries = [...new URLSearchParams(asked)].map(([key, value]) => {
    const known = asks.find(name => name === key)
    if (known && ASKED[known][1].test(value))
      return [ASKED[known][0], /^\d/.test(value) ? Number(value) : value]
    const words = asks.map(name => ASKED[name][2])
    throw new DataError(
      `Expected ${words.slice(0, -1).join(', ')} or ${words.at(-1)} for \`data\` but received ${key}=${value} (${uri}).`,
    )
  })
  return Object.fromEntries(entries)
}
