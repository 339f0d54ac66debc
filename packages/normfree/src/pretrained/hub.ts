// Files of models on the Hugging Face hub, kept in the cache that Python's huggingface_hub uses too.
// @huggingface/hub talks to the hub; its own download into the cache writes to stdout and checks
// nothing, so the bytes are placed here, once their checksum is that which the hub publishes.
import { createHash, type Hash } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { PathInfo } from '@huggingface/hub'
import { WeightsError } from '../errors.ts'

/** Where the hub is and where its files are kept. */
export interface HubOptions {
  /**
   * Where downloads are kept. Default HF_HUB_CACHE, else HF_HOME/hub, else
   * XDG_CACHE_HOME/huggingface/hub, else ~/.cache/huggingface/hub.
   */
  cacheDir?: string
  /** Default HF_ENDPOINT, else https://huggingface.co. */
  hubUrl?: string
  /** Called before a file is downloaded. */
  onDownload?: (file: string, bytes: number) => void
}

/** A model on the hub. */
export interface HubModel {
  /** `owner/name`. */
  repo: string
  /** A branch, tag or commit. */
  revision: string
}

/** Where a model's files are, or what is needed to get them. */
interface Place extends HubModel, HubOptions {
  hubUrl: string
  /** The folder of the model in the cache. */
  folder: string
}

/** What the hub says of a file. */
interface HubFile {
  path: string
  bytes: number
  commit: string
  /** sha256 of a large file, git's sha1 of another: the name of its blob in the cache. */
  checksum: string
}

const HASH = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

/**
 * Of each group in `wanted` the first file that the model has, downloaded unless it is in the cache:
 * its path, or undefined. Without a network, what is in the cache of that revision.
 *
 * @throws WeightsError when the hub refuses or cannot be reached, or sends something else than it
 * has published the checksum of.
 */
export async function hubFiles(
  model: HubModel,
  wanted: readonly (readonly string[])[],
  options: HubOptions = {},
): Promise<(string | undefined)[]> {
  const { getHFHubCachePath, getRepoFolderName } = await import('@huggingface/hub')
  const cacheDir = options.cacheDir ?? getHFHubCachePath()
  const place: Place = {
    ...model,
    ...options,
    hubUrl: options.hubUrl ?? (process.env.HF_ENDPOINT || 'https://huggingface.co'),
    folder: join(cacheDir, getRepoFolderName({ name: model.repo, type: 'model' })),
  }
  const listed = await list(place, wanted.flat())
  const commit = listed ? '' : await cachedCommit(place)
  const paths: (string | undefined)[] = []
  for (const group of wanted) {
    const file = firstOf(group, name => listed?.find(({ path }) => path === name))
    const kept = group.map(name => snapshotOf(place, commit ?? '', name)).find(existsSync)
    paths.push(file ? await provide(place, file) : listed ? undefined : kept)
  }
  return paths
}

function firstOf<T>(names: readonly string[], find: (name: string) => T | undefined) {
  for (const name of names) {
    const found = find(name)
    if (found) return found
  }
  return undefined
}

/** What the hub says of `files`; null when it cannot be reached and the revision is in the cache. */
async function list(place: Place, files: readonly string[]): Promise<HubFile[] | null> {
  const { pathsInfo } = await import('@huggingface/hub')
  const { repo, revision, hubUrl } = place
  try {
    const infos = await pathsInfo({ repo, revision, hubUrl, paths: [...files], expand: true })
    return infos.filter(({ type }) => type === 'file').map(info => describe(place, info))
  } catch (error) {
    const status = (error as { statusCode?: number }).statusCode
    if (error instanceof WeightsError) throw error
    if (status === undefined && (await cachedCommit(place))) return null
    throw refusal(place, status ? `status ${status}` : reasonOf(error), error)
  }
}

function describe(place: Place, info: PathInfo): HubFile {
  const { path, size, lfs, oid, lastCommit } = info
  const [checksum = '', commit = ''] = [lfs?.oid ?? oid, lastCommit?.id]
  // They become names in the cache: nothing else may.
  if (HASH.test(checksum) && HASH.test(commit)) return { path, bytes: size, commit, checksum }
  throw refusal(place, `no checksum of ${path}`)
}

function refusal({ repo, revision, hubUrl }: Place, received: string, cause?: unknown) {
  return new WeightsError(
    `Expected weights of ${repo} (${revision}) from ${hubUrl} but received ${received}. Check the name and the network; a file that is downloaded by hand can be named instead.`,
    { cause },
  )
}

/** `fetch` hides why it failed in the cause; a Blob of the hub's fails with a text. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error && error.cause.message ? error.cause.message : error.message
}

const snapshotOf = ({ folder }: Place, commit: string, path: string): string =>
  join(folder, 'snapshots', commit, path)

const refOf = ({ folder, revision }: Place): string => join(folder, 'refs', revision)

/** The commit that the revision last was, as far as the cache knows. */
async function cachedCommit(place: Place): Promise<string | null> {
  if (existsSync(join(place.folder, 'snapshots', place.revision))) return place.revision
  const commit = await readFile(refOf(place), 'utf8').catch(() => '')
  return HASH.test(commit.trim()) ? commit.trim() : null
}

/** The path of a file in the cache, where it is put if it is not there. */
async function provide(place: Place, file: HubFile): Promise<string> {
  const snapshot = snapshotOf(place, file.commit, file.path)
  if (existsSync(snapshot)) return snapshot
  const blob = join(place.folder, 'blobs', file.checksum)
  await mkdir(dirname(blob), { recursive: true })
  await mkdir(dirname(snapshot), { recursive: true })
  if (!existsSync(blob)) await download(place, file, blob)
  await symlink(relative(dirname(snapshot), blob), snapshot).catch(error => {
    if (error.code !== 'EEXIST') throw error
  })
  await mkdir(dirname(refOf(place)), { recursive: true })
  await writeFile(refOf(place), file.commit)
  return snapshot
}

async function download(place: Place, file: HubFile, blob: string): Promise<void> {
  place.onDownload?.(file.path, file.bytes)
  const draft = `${blob}.${process.pid}.incomplete`
  const hash = hashOf(file)
  try {
    await fetchInto(place, file, draft, hash)
    const actual = hash.digest('hex')
    if (actual !== file.checksum)
      throw refusal(place, `a ${file.path} with checksum ${actual} instead of ${file.checksum}`)
    await rename(draft, blob)
  } finally {
    await rm(draft, { force: true })
  }
}

/** Git names a file by the sha1 of a header and the content. */
function hashOf({ checksum, bytes }: HubFile): Hash {
  if (checksum.length === 64) return createHash('sha256')
  return createHash('sha1').update(`blob ${bytes}\0`)
}

async function fetchInto(place: Place, file: HubFile, draft: string, hash: Hash): Promise<void> {
  const { downloadFile } = await import('@huggingface/hub')
  const { repo, hubUrl } = place
  try {
    const blob = await downloadFile({ repo, hubUrl, path: file.path, revision: file.commit })
    if (!blob) throw refusal(place, `no ${file.path}`)
    const hashed = async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        hash.update(chunk)
        yield chunk
      }
    }
    await pipeline(blob.stream(), hashed, createWriteStream(draft))
  } catch (error) {
    throw error instanceof WeightsError ? error : refusal(place, reasonOf(error), error)
  }
}
