import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../testing.test.util.ts'
import { Fuzzer } from './fuzz.test.util.ts'

describe('files of strangers', () => {
  it('are read or refused by a FileFormatError, 2,000 mutations of every format', () => {
    const fuzzer = new Fuzzer(temporaryFolder())
    const counts = new Map<string, number>()
    for (let number = 0; number < 2000; number++) {
      const { format, result, problem } = fuzzer.run(number)
      if (problem !== undefined) expect.fail(`case ${number} (${format}) ${problem}`)
      const key = `${format} ${result}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    // Neither "all is refused" nor "nothing is": both would mean that the mutations miss the readers.
    for (const format of ['safetensors', 'npy', 'npz', 'pt'])
      for (const result of ['read', 'refused'])
        expect(counts.get(`${format} ${result}`), `${format} ${result}`).toBeGreaterThan(3)
  })
})
