import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WeightsError } from '../errors.ts'
import { folderForTests } from '../folder.test.util.ts'
import { COMMIT, type HubStub, serveHub } from './hub.test.util.ts'
import { type HubModel, hubFiles } from './hub.ts'

const MODEL: HubModel = { repo: 'timm/tiny.in1k', revision: 'main' }
const weights = Buffer.from('w'.repeat(5000))
const config = Buffer.from('{"architecture": "tiny"}')

const caches = folderForTests()
let hub: HubStub
let cacheDir: string
beforeEach(async () => {
  hub = await serveHub(MODEL.repo, { 'model.safetensors': weights, 'config.json': config })
  cacheDir = mkdtempSync(join(caches, 'hub-'))
})
afterEach(() => hub.close())

const wanted = [['model.safetensors', 'pytorch_model.bin'], ['config.json']]
const get = (model = MODEL, hubUrl = hub.url) => hubFiles(model, wanted, { cacheDir, hubUrl })
const folder = () => join(cacheDir, 'models--timm--tiny.in1k')
const downloads = () => hub.requests.filter(request => request.startsWith('GET'))

describe('hubFiles', () => {
  it('puts files where huggingface_hub of Python looks for them', async () => {
    const paths = await get()
    const snapshot = join(folder(), 'snapshots', COMMIT)
    expect(paths).toEqual([join(snapshot, 'model.safetensors'), join(snapshot, 'config.json')])
    expect(readFileSync(paths[0]!)).toEqual(weights)
    expect(readFileSync(paths[1]!)).toEqual(config)
    expect(lstatSync(paths[0]!).isSymbolicLink()).toBe(true)
    expect(readFileSync(join(folder(), 'refs', 'main'), 'utf8')).toBe(COMMIT)
    expect(
      readdirSync(join(folder(), 'blobs'))
        .map(name => name.length)
        .sort(),
    ).toEqual([40, 64])
  })

  it('downloads a file once, and says so before', async () => {
    const said: unknown[] = []
    const options = { cacheDir, hubUrl: hub.url, onDownload: (...all: unknown[]) => said.push(all) }
    await hubFiles(MODEL, wanted, options)
    expect(said).toEqual([
      ['model.safetensors', 5000],
      ['config.json', config.length],
    ])
    const before = downloads().length
    await hubFiles(MODEL, wanted, options)
    expect(downloads()).toHaveLength(before)
    expect(said).toHaveLength(2)
  })

  it('takes the first file of a group that there is, and none where there is none', async () => {
    hub.files.delete('model.safetensors')
    hub.files.delete('config.json')
    hub.files.set('pytorch_model.bin', weights)
    const [path, none] = await get()
    expect(path).toMatch(/pytorch_model\.bin$/)
    expect(none).toBeUndefined()
  })

  it('does with what is in the cache when the hub cannot be reached', async () => {
    const online = await get()
    await hub.close()
    expect(await get()).toEqual(online)
    expect(await get({ ...MODEL, revision: COMMIT })).toEqual(online)
  })

  it.each(['changed', 'cut', 'status'] as const)(
    'refuses a download that goes wrong (%s), keeps nothing of it, and gets it the next time',
    async fault => {
      hub.fault = fault
      await expect(get()).rejects.toThrow(WeightsError)
      await expect(get()).rejects.toThrow(/timm\/tiny\.in1k \(main\)/)
      expect(readdirSync(join(folder(), 'blobs'))).toEqual([])
      expect(existsSync(join(folder(), 'snapshots', COMMIT, 'model.safetensors'))).toBe(false)
      hub.fault = 'none'
      expect(readFileSync((await get())[0]!)).toEqual(weights)
    },
  )

  it('refuses a model that the hub does not have', async () => {
    const absent = get({ repo: 'timm/absent', revision: 'main' })
    await expect(absent).rejects.toThrow(/timm\/absent \(main\) from http.* status 404/)
  })

  it('says that the hub cannot be reached when nothing is in the cache', async () => {
    await hub.close()
    await expect(get()).rejects.toThrow(/ECONNREFUSED.*Check the name and the network/)
  })
})
