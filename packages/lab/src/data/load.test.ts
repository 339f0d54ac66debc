import { describe, expect, it } from 'vitest'
import { DataError } from './errors.ts'
import { loadData } from './load.ts'

describe('loadData', () => {
  it.each(['imagenet', 'synthetic:1', 'folder', 'folder:', 'cifar10:', 's3://bucket', ''])(
    'refuses %j with one line that lists what there is',
    async uri => {
      const error = await loadData(uri).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(DataError)
      expect(error).toMatchObject({ exitCode: 2 })
      expect((error as Error).message).toBe(
        `Expected a known source for \`data\` but received ${JSON.stringify(uri)}. There are \`synthetic\`, \`cifar10\`, \`cifar100\`, \`mnist\`, \`fashion-mnist\` (each of the last four also with \`:DIR\`), \`folder:PATH\` (a folder, .tar, .tar.gz or .tgz), \`shards:DIR\`, \`caltech101:PATH\`, \`voc:DIR\` and \`nyu:FILE\`.`,
      )
    },
  )

  it.each([
    ['voc:/nowhere?decode=each', 'Expected size=PIXELS or corrupt=fail|skip for `data`'],
    [
      'shards:/nowhere?holdout=5',
      'Expected size=PIXELS, decode=once|each or corrupt=fail|skip for',
    ],
    ['caltech101:/nowhere?seed=x', 'corrupt=fail|skip or seed=N for `data` but received seed=x'],
  ])('refuses an option that the source does not have: %s', async (uri, message) => {
    await expect(loadData(uri)).rejects.toThrow(message)
  })

  it('loads the embedded set by its name and reports every picture drawn', async () => {
    const reports: [number, number, string][] = []
    const data = await loadData('synthetic', { onProgress: (...report) => reports.push(report) })
    expect(data.name).toBe('synthetic')
    expect(reports.at(-1)).toEqual([data.test.length, data.test.length, 'drawing'])
  })

  it('does nothing once it is aborted', async () => {
    const signal = AbortSignal.abort(new RangeError('stopped'))
    await expect(loadData('folder:/nowhere', { signal })).rejects.toThrow('stopped')
  })
})
